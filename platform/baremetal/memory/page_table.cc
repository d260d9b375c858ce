#include "platform/baremetal/memory/page_table.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "platform/baremetal/cpu/instructions.h"
#include "platform/baremetal/machine_check.h"

namespace ebbrt::platform::machine {

void PageTable::Initialize(bool has_huge_pages) {
  has_huge_pages_ = has_huge_pages;
  root_ = NewTable(kFree, kTopLevel);
  MACHINE_CHECK(root_ != nullptr, "there is no memory for a page table");
}

// A table below an entry, whose range it describes as the entry did.
PageTable::Table* PageTable::NewTable(Entry entry, int level) {
  uint64_t frame = frames.AllocateSmall(0);
  if (frame == kNoFrame) return nullptr;
  auto* table = reinterpret_cast<Table*>(frame);
  if ((entry & kPresent) == 0) {
    FillWords(table->entries, entry, std::size(table->entries));
    return table;
  }
  // A large page: smaller ones of the same memory.
  const uint64_t step = BytesOf(level);
  const Entry flags = entry & ~(kAddressMask | kLarge);
  uint64_t physical = entry & kAddressMask;
  for (Entry& below : table->entries) {
    below = MakeEntry(physical, flags, level);
    physical += step;
  }
  return table;
}

bool PageTable::Split(Entry& entry, int level) {
  Table* table = NewTable(entry, level - 1);
  if (table == nullptr) return false;
  entry = reinterpret_cast<uint64_t>(table) | kPresent | kWritable;
  return true;
}

void PageTable::Push(uint64_t frame, int size) {
  *reinterpret_cast<uint64_t*>(frame) = released_[size];
  released_[size] = frame;
}

void PageTable::FreeReleased() {
  for (int size = 0; size < kSizes; ++size) {
    while (released_[size] != kNoFrame) {
      const uint64_t frame = released_[size];
      released_[size] = *reinterpret_cast<uint64_t*>(frame);
      size == 0 ? frames.FreeSmall(frame) : frames.FreeLarge(frame);
    }
  }
}

// Releases what an entry refers to.
void PageTable::Release(Entry entry, int level) {
  if ((entry & kPresent) == 0) return;
  if (IsTable(entry, level)) {
    Table* table = TableOf(entry);
    for (Entry below : table->entries) Release(below, level - 1);
    Push(reinterpret_cast<uint64_t>(table), 0);
  } else if ((entry & kBorrowed) == 0) {
    MACHINE_CHECK(level < 2, "a huge page is nobody's to free");
    Push(entry & kAddressMask, level);
  }
}

template <typename Splits, typename Visit>
bool PageTable::Walk(Table* table, int level, Span span, const Splits& splits,
                     const Visit& visit) {
  if (level == 0) {
    Entry* entry = &table->entries[IndexOf(span.begin, 0)];
    for (uint64_t page = span.begin; page < span.end;
         page += kSmallFrameBytes) {
      if (!visit(*entry++, 0, page)) return false;
    }
    return true;
  }
  const uint64_t bytes = BytesOf(level);
  while (span.begin < span.end) {
    Entry& entry = table->entries[IndexOf(span.begin, level)];
    const uint64_t page = span.begin & ~(bytes - 1);
    const uint64_t end = std::min(span.end, page + bytes);
    const bool whole = span.begin == page && end == page + bytes;
    if (!IsTable(entry, level) && splits(entry, level, page, whole) &&
        !Split(entry, level)) {
      return false;
    }
    const bool done =
        IsTable(entry, level)
            ? Walk(TableOf(entry), level - 1, {span.begin, end}, splits, visit)
            : visit(entry, level, span.begin);
    if (!done) return false;
    span.begin = end;
  }
  return true;
}

bool PageTable::Map(uint64_t address, uint64_t physical, uint64_t bytes,
                    Entry flags) {
  auto physical_of = [=](uint64_t at) { return physical + (at - address); };
  return Walk(
      root_, kTopLevel, {address, address + bytes},
      [=, this](Entry, int level, uint64_t page, bool whole) {
        return level > LevelMax() || !whole ||
               physical_of(page) % BytesOf(level) != 0;
      },
      [=](Entry& entry, int level, uint64_t page) {
        entry = MakeEntry(physical_of(page), flags, level);
        return true;
      });
}

bool PageTable::Fill(uint64_t address, uint64_t bytes, Entry entry) {
  return FillWithin(root_, kTopLevel, {address, address + bytes}, entry);
}

// Not by Walk: what is filled as a whole loses its tables.
bool PageTable::FillWithin(Table* table, int level, Span span, Entry filling) {
  if (level == 0) {
    Entry* entry = &table->entries[IndexOf(span.begin, 0)];
    Entry* const end = entry + (span.end - span.begin) / kSmallFrameBytes;
    for (; entry != end; ++entry) {
      const Entry before = std::exchange(*entry, filling);
      if ((before & kPresent) != 0) Release(before, 0);
    }
    return true;
  }
  const uint64_t bytes = BytesOf(level);
  while (span.begin < span.end) {
    Entry& entry = table->entries[IndexOf(span.begin, level)];
    const uint64_t page = span.begin & ~(bytes - 1);
    const uint64_t end = std::min(span.end, page + bytes);
    if (span.begin == page && end == page + bytes) {
      const Entry before = entry;
      entry = filling;
      Release(before, level);
    } else if (entry != filling) {
      if (!IsTable(entry, level) && !Split(entry, level)) return false;
      Table* below = TableOf(entry);
      if (!FillWithin(below, level - 1, {span.begin, end}, filling)) {
        return false;
      }
      // A table that says the same all over is an entry. (Most say something
      // else at their end.)
      if ((filling & kPresent) == 0 && below->entries[511] == filling &&
          std::all_of(below->entries, below->entries + 512,
                      [=](Entry one) { return one == filling; })) {
        entry = filling;
        Push(reinterpret_cast<uint64_t>(below), 0);
      }
    }
    span.begin = end;
  }
  return true;
}

bool PageTable::Commit(uint64_t address, uint64_t bytes, uint32_t node,
                       void (*clear)(void* memory, size_t bytes)) {
  // A large page is tried once a large page; the frame waits for its visit.
  uint64_t large = kNoFrame;
  // Small frames come by the run, and are cleared.
  Frames::FrameRun run;
  bool done = Walk(
      root_, kTopLevel, {address, address + bytes},
      [&](Entry entry, int level, uint64_t, bool whole) {
        if ((entry & kPresent) != 0) return false;
        if (level != 1 || !whole) return true;
        large = frames.AllocateLarge(node);
        return large == kNoFrame;
      },
      [&](Entry& entry, int level, uint64_t page) {
        if ((entry & kPresent) != 0) return true;
        uint64_t frame = large;
        if (level == 1) {
          clear(reinterpret_cast<void*>(frame), kLargeFrameBytes);
        } else {
          if (run.count == 0) {
            run = frames.AllocateRun(
                node, (address + bytes - page) / kSmallFrameBytes);
            if (run.count == 0) return false;
            clear(reinterpret_cast<void*>(run.begin),
                  run.count * kSmallFrameBytes);
          }
          frame = run.begin;
          run.begin += kSmallFrameBytes;
          --run.count;
        }
        entry = MakeEntry(frame, kWritable | kNoExecute | kFresh, level);
        return true;
      });
  // Some pages had memory already.
  for (; run.count > 0; --run.count, run.begin += kSmallFrameBytes) {
    frames.FreeSmall(run.begin);
  }
  return done;
}

void PageTable::KeepFresh(uint64_t address, uint64_t bytes) {
  Walk(
      root_, kTopLevel, {address, address + bytes},
      [](Entry, int, uint64_t, bool) { return false; },
      [](Entry& entry, int, uint64_t) {
        if ((entry & kPresent) != 0) entry &= ~kFresh;
        return true;
      });
}

void PageTable::DropFresh(uint64_t address, uint64_t bytes) {
  Walk(
      root_, kTopLevel, {address, address + bytes},
      [](Entry, int, uint64_t, bool) { return false; },
      [this](Entry& entry, int level, uint64_t) {
        if ((entry & kPresent) != 0 && (entry & kFresh) != 0) {
          Release(entry, level);
          entry = kReserved;
        }
        return true;
      });
}

bool PageTable::Protect(uint64_t address, uint64_t bytes, bool writable) {
  return Walk(
      root_, kTopLevel, {address, address + bytes},
      [](Entry entry, int, uint64_t, bool whole) {
        return (entry & kPresent) != 0 && !whole;
      },
      [=](Entry& entry, int, uint64_t) {
        if ((entry & kPresent) != 0) {
          entry = writable ? entry | kWritable : entry & ~kWritable;
        }
        return true;
      });
}

bool PageTable::Replace(uint64_t address, uint64_t bytes, Entry from,
                        Entry to) {
  return Walk(
      root_, kTopLevel, {address, address + bytes},
      [=](Entry entry, int, uint64_t, bool whole) {
        return entry == from && !whole;
      },
      [=](Entry& entry, int, uint64_t) {
        if (entry == from) entry = to;
        return true;
      });
}

Entry PageTable::Find(uint64_t address, int* level) const {
  const Table* table = root_;
  for (int at = kTopLevel;; --at) {
    const Entry entry = table->entries[IndexOf(address, at)];
    if (!IsTable(entry, at)) {
      if (level != nullptr) *level = at;
      return entry;
    }
    table = TableOf(entry);
  }
}

bool PageTable::IsFree(uint64_t address, uint64_t bytes,
                       uint64_t& after) const {
  const uint64_t end = address + bytes;
  while (address < end) {
    const Table* table = root_;
    int level = kTopLevel;
    Entry entry = table->entries[IndexOf(address, level)];
    while (IsTable(entry, level)) {
      table = TableOf(entry);
      --level;
      entry = table->entries[IndexOf(address, level)];
    }
    address = (address & ~(BytesOf(level) - 1)) + BytesOf(level);
    if (entry != kFree) {
      after = address;
      return false;
    }
  }
  return true;
}

}  // namespace ebbrt::platform::machine
