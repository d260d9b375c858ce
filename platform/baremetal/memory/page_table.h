// The page table: what stands at each address of the one address space.
//
// It is also the only record of that. An entry that is not present says why:
// its address is nobody's (kFree), or reserved, in one of the ways below; and
// it says so at the highest level at which that holds for all of its range. So
// a reservation of any size is a few entries, and is refined where memory
// comes.
//
// Cores: any, from one at a time (AddressSpace has the lock). Ownership: tables
// are frames of its own, given back with what they mapped. Blocks: no.
// Allocates: frames. Bound: 48 bits of address. Errors: false where a frame is
// refused; what had been changed by then stays changed.
// Source: AMD64 Architecture Programmer's Manual, volume 2, section 5.3.
#ifndef EBBRT_PLATFORM_BAREMETAL_MEMORY_PAGE_TABLE_H_
#define EBBRT_PLATFORM_BAREMETAL_MEMORY_PAGE_TABLE_H_

#include <cstddef>
#include <cstdint>

#include "platform/baremetal/memory/frames.h"

namespace ebbrt::platform::machine {

using Entry = uint64_t;

// Bits of an entry that is present.
inline constexpr Entry kPresent = 1u << 0;
inline constexpr Entry kWritable = 1u << 1;
inline constexpr Entry kUncached = 1u << 4;
inline constexpr Entry kLarge = 1u << 7;
inline constexpr Entry kGlobal = 1u << 8;
// Ours: the frame came with the commit that is under way.
inline constexpr Entry kFresh = 1u << 9;
// Ours: the frame is not to be freed with the page.
inline constexpr Entry kBorrowed = 1u << 10;
inline constexpr Entry kNoExecute = Entry{1} << 63;
inline constexpr Entry kAddressMask = 0x000ffffffffff000;

// What an entry says that is not present.
inline constexpr Entry kFree = 0;
// Memory comes by CommitPages.
inline constexpr Entry kReserved = 1u << 1;
// Memory comes with the first touch.
inline constexpr Entry kOnDemand = 2u << 1;
// A table of representatives: where there is no memory it reads as zero.
inline constexpr Entry kTranslation = 3u << 1;

class PageTable {
 public:
  // A page of level n: 4 KiB, 2 MiB, 1 GiB, 512 GiB.
  static constexpr uint64_t BytesOf(int level) {
    return uint64_t{4096} << 9 * level;
  }
  static constexpr int kTopLevel = 3;

  constexpr PageTable() = default;

  // Once. `has_huge_pages`: pages of 1 GiB can be used.
  void Initialize(bool has_huge_pages);
  uint64_t root() const { return reinterpret_cast<uint64_t>(root_); }

  // Maps [address, address + bytes) to physical memory, in the largest pages
  // that fit. `flags` beside kPresent and kLarge.
  bool Map(uint64_t address, uint64_t physical, uint64_t bytes, Entry flags);

  // Makes the range what `entry` says, which is not present, and releases what
  // was there.
  bool Fill(uint64_t address, uint64_t bytes, Entry entry);
  // Frees what was released. REQUIRES: no processor remembers the entries that
  // referred to it.
  void FreeReleased();

  // Gives pages of the range that have no memory some, marked kFresh. It is
  // what it was (`clear` is to zero it) and writable, not executable.
  bool Commit(uint64_t address, uint64_t bytes, uint32_t node,
              void (*clear)(void* memory, size_t bytes));
  // Ends a commit: kFresh pages keep their memory, or lose it again and are
  // reserved as before.
  void KeepFresh(uint64_t address, uint64_t bytes);
  void DropFresh(uint64_t address, uint64_t bytes);

  // Makes what says `from` say `to`; neither is present.
  bool Replace(uint64_t address, uint64_t bytes, Entry from, Entry to);

  // Forbids writing or allows it, where there is memory.
  bool Protect(uint64_t address, uint64_t bytes, bool writable);

  // The entry for an address, at whichever level it is. Takes no lock: for
  // memory that is the caller's, whose entry others may split but not change.
  Entry Find(uint64_t address, int* level = nullptr) const;
  // Whether all of the range is kFree; if not, `after` is behind what is not.
  bool IsFree(uint64_t address, uint64_t bytes, uint64_t& after) const;

 private:
  struct Table {
    Entry entries[512];
  };
  struct Span {
    uint64_t begin;
    uint64_t end;
  };

  static uint64_t IndexOf(uint64_t address, int level) {
    return address / BytesOf(level) % 512;
  }
  static Table* TableOf(Entry entry) {
    return reinterpret_cast<Table*>(entry & kAddressMask);
  }
  // Whether the entry points to a table of the next level.
  static bool IsTable(Entry entry, int level) {
    return level > 0 && (entry & kPresent) != 0 && (entry & kLarge) == 0;
  }
  static Entry MakeEntry(uint64_t physical, Entry flags, int level) {
    return physical | flags | kPresent | (level > 0 ? kLarge : 0);
  }

  Table* NewTable(Entry entry, int level);
  bool Split(Entry& entry, int level);
  void Release(Entry entry, int level);
  int LevelMax() const { return has_huge_pages_ ? 2 : 1; }

  // Calls visit(entry, level, address, is_whole) for entries that are no
  // tables and that the span touches; it returns false to give up, having
  // changed the entry or not. Where the span is but a part of an entry it is
  // split first, if `splits` says that it matters.
  template <typename Splits, typename Visit>
  bool Walk(Table* table, int level, Span span, const Splits& splits,
            const Visit& visit);
  bool FillWithin(Table* table, int level, Span span, Entry entry);

  // Released frames, small and large, each linked to the next by its first
  // word, which reads as an entry that is not present.
  static constexpr int kSizes = 2;
  void Push(uint64_t frame, int size);

  Table* root_ = nullptr;
  uint64_t released_[kSizes] = {kNoFrame, kNoFrame};
  bool has_huge_pages_ = false;
};

}  // namespace ebbrt::platform::machine

#endif  // EBBRT_PLATFORM_BAREMETAL_MEMORY_PAGE_TABLE_H_
