#include "platform/baremetal/memory/usable_memory.h"

#include "platform/baremetal/machine_check.h"

namespace ebbrt::platform::machine {
namespace {

constexpr uint64_t kFirstMiB = 1024 * 1024;

constexpr uint64_t RoundUp(uint64_t address) {
  return (address + kSmallFrameBytes - 1) & ~(kSmallFrameBytes - 1);
}
constexpr uint64_t RoundDown(uint64_t address) {
  return address & ~(kSmallFrameBytes - 1);
}

}  // namespace

void UsableMemory::Add(MemoryRange range) {
  if (range.begin < range.end && count < Frames::kRangesMax) {
    ranges[count++] = range;
  }
}

void UsableMemory::Remove(MemoryRange taken) {
  const size_t before = count;
  for (size_t i = 0; i < before; ++i) {
    MemoryRange& range = ranges[i];
    if (taken.end <= range.begin || range.end <= taken.begin) continue;
    Add({taken.end, range.end});
    range.end = taken.begin > range.begin ? taken.begin : range.begin;
  }
  size_t kept = 0;
  for (size_t i = 0; i < count; ++i) {
    if (ranges[i].begin < ranges[i].end) ranges[kept++] = ranges[i];
  }
  count = kept;
}

void UsableMemory::Sort() {
  for (size_t i = 1; i < count; ++i) {
    const MemoryRange range = ranges[i];
    size_t place = i;
    for (; place > 0 && ranges[place - 1].begin > range.begin; --place) {
      ranges[place] = ranges[place - 1];
    }
    ranges[place] = range;
  }
  // What overlaps or touches becomes one.
  size_t kept = 0;
  for (size_t i = 0; i < count; ++i) {
    if (kept > 0 && ranges[i].begin <= ranges[kept - 1].end) {
      MemoryRange& last = ranges[kept - 1];
      if (ranges[i].end > last.end) last.end = ranges[i].end;
    } else {
      ranges[kept++] = ranges[i];
    }
  }
  count = kept;
}

bool UsableMemory::Contains(MemoryRange range) const {
  for (size_t i = 0; i < count; ++i) {
    if (ranges[i].begin <= range.begin && range.end <= ranges[i].end) {
      return true;
    }
  }
  return false;
}

void FindUsableMemory(const BootInformation& information, MemoryRange image,
                      UsableMemory& usable) {
  for (size_t i = 0; i < information.usable_count; ++i) {
    usable.Add({RoundUp(information.usable[i].begin),
                RoundDown(information.usable[i].end)});
  }
  usable.Sort();
  MACHINE_CHECK(usable.count > 0, "the loader knows of no memory");
  MACHINE_CHECK(usable.Contains(image),
                "the image does not stand in usable memory: give the machine "
                "more memory, or use another loader");
  usable.Remove({0, kFirstMiB});
  usable.Remove(image);
  for (size_t i = 0; i < information.module_count; ++i) {
    usable.Remove({RoundDown(information.modules[i].begin),
                   RoundUp(information.modules[i].end)});
  }
  usable.Sort();
}

}  // namespace ebbrt::platform::machine
