#include "platform/baremetal/memory/address_space.h"

#include <algorithm>

#include "platform/baremetal/cpu/instructions.h"
#include "platform/baremetal/cpu/shootdown.h"
#include "platform/baremetal/machine_check.h"
#include "platform/baremetal/memory/usable_memory.h"

namespace ebbrt::platform::machine {

constinit AddressSpace address_space;

namespace {

// What the boot processor's first page table maps, and so what can be read
// before there is another one.
constexpr uint64_t kFirstMapEnd = uint64_t{4} << 30;

constexpr uint64_t RoundUp(uint64_t address, uint64_t to) {
  return (address + to - 1) & ~(to - 1);
}

// Pages of 1 GiB. AMD64 APM volume 3, appendix E.4.2.
bool HasHugePages() {
  constexpr uint32_t kExtendedFeatures = 0x80000001;
  return Cpuid(0x80000000).a >= kExtendedFeatures &&
         (Cpuid(kExtendedFeatures).d & 1u << 26) != 0;
}

MemoryRange Image() {
  return {reinterpret_cast<uint64_t>(image_begin),
          reinterpret_cast<uint64_t>(image_end)};
}

// Of the boot's own map, so that frames above 4 GiB can be reached when they
// are first needed: until then there are only those below.
UsableMemory first_memory;
UsableMemory usable_memory;

}  // namespace

// Holds the lock. A caller's stack may be memory that comes with the first
// touch, and a fault takes the lock as well: what may be used of the stack
// meanwhile is touched before.
class AddressSpace::Guard {
 public:
  explicit Guard(SpinLock& lock) : lock_(lock) {
    static_assert(kStackBytesMax == 2 * kSmallFrameBytes);
    asm volatile(
        "orq $0, -4096(%%rsp)\n\t"
        "orq $0, -8192(%%rsp)"
        :
        :
        : "memory", "cc");
    if (lock_.try_lock()) return;
    // Whoever holds it may wait for all processors to forget.
    ForgetsLater forgets_later;
    lock_.lock();
  }
  ~Guard() { lock_.unlock(); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  // More than any function below uses, with what it calls.
  static constexpr uint64_t kStackBytesMax = 8192;

  SpinLock& lock_;
};

void AddressSpace::Initialize(const BootInformation& information) {
  FindUsableMemory(information, Image(), usable_memory);
  first_memory = usable_memory;
  first_memory.Remove({kFirstMapEnd, ~uint64_t{0}});
  frames.Initialize(first_memory.ranges, first_memory.count,
                    usable_memory.ranges, usable_memory.count);
  table_.Initialize(HasHugePages());

  bool mapped = true;
  auto map = [&](MemoryRange range, Entry flags) {
    mapped = mapped && table_.Map(range.begin, range.begin,
                                  range.end - range.begin, flags | kBorrowed);
  };
  for (size_t i = 0; i < usable_memory.count; ++i) {
    map(usable_memory.ranges[i], kWritable | kGlobal | kNoExecute);
  }
  for (size_t i = 0; i < information.module_count; ++i) {
    const MemoryRange& module = information.modules[i];
    map({module.begin & ~(kSmallFrameBytes - 1),
         RoundUp(module.end, kSmallFrameBytes)},
        kGlobal | kNoExecute);
  }
  // Firmware's data, and the trampoline of processors that start; not page 0.
  map({kSmallFrameBytes, 1024 * 1024}, kWritable | kGlobal);
  auto address = [](const char* symbol) {
    return reinterpret_cast<uint64_t>(symbol);
  };
  map({address(image_begin), address(code_begin)}, kGlobal | kNoExecute);
  map({address(code_begin), RoundUp(address(code_end), kSmallFrameBytes)},
      kGlobal);
  map({address(data_begin), address(image_end)},
      kWritable | kGlobal | kNoExecute);
  zeros_ = frames.AllocateSmall(0);
  MACHINE_CHECK(mapped && zeros_ != kNoFrame,
                "there is no memory for the page tables");
  ClearWords(reinterpret_cast<void*>(zeros_), kSmallFrameBytes);
  WriteCr3(root());
  // What the first map could not reach can be used now.
  UsableMemory rest = usable_memory;
  rest.Remove({0, kFirstMapEnd});
  frames.Add(rest.ranges, rest.count);
}

uint64_t AddressSpace::FindFree(uint64_t bytes, uint64_t alignment) {
  if (bytes == 0 || bytes > kReservationsEnd - kReservationsBegin ||
      alignment > kReservationsEnd - kReservationsBegin) {
    return 0;
  }
  // What is large begins where large entries describe it.
  if (bytes >= kLargeFrameBytes) {
    alignment = std::max(alignment, kLargeFrameBytes);
  }
  uint64_t candidate = RoundUp(next_, alignment);
  bool wrapped = false;
  for (;;) {
    if (candidate > kReservationsEnd - bytes) {
      if (wrapped) return 0;
      wrapped = true;
      candidate = RoundUp(kReservationsBegin, alignment);
    }
    uint64_t after;
    if (table_.IsFree(candidate, bytes, after)) return candidate;
    candidate = RoundUp(after, alignment);
  }
}

uint64_t AddressSpace::Reserve(uint64_t bytes, uint64_t alignment,
                               Entry kind) {
  Guard guard(lock_);
  const uint64_t address = FindFree(bytes, alignment);
  if (address == 0) return 0;
  if (!table_.Fill(address, bytes, kind)) {
    Forget(address, bytes);
    return 0;
  }
  next_ = address + bytes;
  return address;
}

void AddressSpace::Unreserve(uint64_t address, uint64_t bytes) {
  Guard guard(lock_);
  Forget(address, bytes);
  // Who comes and goes finds the same addresses, and their tables.
  if (next_ == address + bytes) next_ = address;
}

void AddressSpace::Forget(uint64_t address, uint64_t bytes) {
  // Splitting may need a table; what is given back whole needs none.
  MACHINE_CHECK(table_.Fill(address, bytes, kFree),
                "there is no memory to give memory back");
  ForgetTranslations(address, bytes);
  table_.FreeReleased();
}

bool AddressSpace::Commit(uint64_t address, uint64_t bytes, uint32_t node,
                          ClearPages clear) {
  Guard guard(lock_);
  const bool done = table_.Commit(address, bytes, node, clear);
  if (done) {
    table_.KeepFresh(address, bytes);
    // No processor remembers pages that were not there.
  } else {
    table_.DropFresh(address, bytes);
    ForgetTranslations(address, bytes);
    table_.FreeReleased();
  }
  return done;
}

void AddressSpace::Decommit(uint64_t address, uint64_t bytes) {
  Guard guard(lock_);
  // Where a large page cannot be split for want of a table it stays.
  table_.Fill(address, bytes, kReserved);
  ForgetTranslations(address, bytes);
  table_.FreeReleased();
}

bool AddressSpace::Protect(uint64_t address, uint64_t bytes, bool writable) {
  Guard guard(lock_);
  const bool done = table_.Protect(address, bytes, writable);
  ForgetTranslations(address, bytes);
  return done;
}

bool AddressSpace::Permit(uint64_t address, uint64_t bytes) {
  Guard guard(lock_);
  // What was forbidden altogether has no memory.
  const bool done = table_.Protect(address, bytes, true) &&
                    table_.Replace(address, bytes, kReserved, kOnDemand);
  ForgetTranslations(address, bytes);
  return done;
}

void AddressSpace::Discard(uint64_t address, uint64_t bytes) {
  Guard guard(lock_);
  table_.Fill(address, bytes, kOnDemand);
  ForgetTranslations(address, bytes);
  table_.FreeReleased();
}

bool AddressSpace::ReserveAt(uint64_t address, uint64_t bytes, Entry kind) {
  Guard guard(lock_);
  const bool done = table_.Fill(address, bytes, kind);
  ForgetTranslations(address, bytes);
  table_.FreeReleased();
  return done;
}

bool AddressSpace::MapForced(uint64_t physical, uint64_t bytes, Entry flags) {
  const uint64_t begin = physical & ~(kSmallFrameBytes - 1);
  const uint64_t end = RoundUp(physical + bytes, kSmallFrameBytes);
  if (end < begin || end > kPhysicalEnd) return false;
  flags |= kBorrowed | kNoExecute;
  Guard guard(lock_);
  uint64_t after;
  if (table_.IsFree(begin, end - begin, after)) {
    return table_.Map(begin, begin, end - begin, flags);
  }
  for (uint64_t page = begin; page < end; page += kSmallFrameBytes) {
    const Entry entry = table_.Find(page);
    if ((entry & kPresent) == 0) {
      if (!table_.Map(page, page, kSmallFrameBytes, flags)) return false;
    } else if ((flags & ~entry & kUncached) != 0) {
      return false;
    }
  }
  return true;
}

bool AddressSpace::MapDevice(uint64_t physical, uint64_t bytes) {
  return MapForced(physical, bytes, kWritable | kUncached);
}

bool AddressSpace::MapTables(uint64_t physical, uint64_t bytes) {
  return MapForced(physical, bytes, 0);
}

AddressSpace::Place AddressSpace::Find(uint64_t address) const {
  if (address < kPhysicalEnd) return {address, kPhysicalEnd - address};
  int level;
  Entry entry = table_.Find(address, &level);
  if ((entry & kPresent) == 0) {
    // Its memory comes with the first touch.
    static_cast<void>(*reinterpret_cast<const volatile uint8_t*>(address));
    entry = table_.Find(address, &level);
  }
  const uint64_t offset = address & (PageTable::BytesOf(level) - 1);
  return {(entry & kAddressMask) + offset, PageTable::BytesOf(level) - offset};
}

bool AddressSpace::IsPresent(uint64_t address) const {
  // Before there is a table there is the loader's, of the first 4 GiB.
  if (root() == 0) return address < kFirstMapEnd;
  return address < kReservationsEnd && (table_.Find(address) & kPresent) != 0;
}

AddressSpace::Fault AddressSpace::HandleFault(uint64_t address, bool is_write,
                                              bool is_present) {
  const uint64_t page = address & ~(kSmallFrameBytes - 1);
  Guard guard(lock_);
  const Entry entry = table_.Find(page);
  if ((entry & kPresent) != 0) {
    // Another processor has mended it meanwhile; or it is forbidden.
    return is_present ? Fault::kWild : Fault::kMended;
  }
  switch (entry) {
    case kReserved:
      return Fault::kReserved;
    case kOnDemand:
      if (!table_.Commit(page, kSmallFrameBytes, 0, ClearWords)) {
        return Fault::kNoMemory;
      }
      table_.KeepFresh(page, kSmallFrameBytes);
      return Fault::kMended;
    case kTranslation:
      if (is_write) return Fault::kWild;
      return table_.Map(page, zeros_, kSmallFrameBytes,
                        kBorrowed | kNoExecute)
                 ? Fault::kMended
                 : Fault::kNoMemory;
    default:
      return Fault::kWild;
  }
}

bool AddressSpace::CommitTranslation(uint64_t address) {
  Guard guard(lock_);
  const Entry entry = table_.Find(address);
  if ((entry & kPresent) != 0 && (entry & kBorrowed) == 0) return true;
  const uint64_t frame = frames.AllocateSmall(0);
  if (frame == kNoFrame) return false;
  ClearWords(reinterpret_cast<void*>(frame), kSmallFrameBytes);
  if (!table_.Map(address, frame, kSmallFrameBytes, kWritable | kNoExecute)) {
    frames.FreeSmall(frame);
    return false;
  }
  // It may be remembered as the page of zeros, by its own processor only.
  InvalidatePage(address);
  return true;
}

}  // namespace ebbrt::platform::machine
