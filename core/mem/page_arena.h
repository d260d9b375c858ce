// One NUMA node's granules: a binary buddy allocator that gives memory back.
//
//            +--- frontier: granules before it have descriptors
//            v
//   |CCCC....CC......|                                              |
//   base                                                        limit
//
// A free block is a power of two long, aligned to its length, and either
// committed as a whole (C) or not at all (.). Only blocks of the same kind
// merge. A run in use has any length; what a block has beyond it goes straight
// back. An arena of four chunks or more commits memory by the chunk, so that
// the platform can use large pages; a younger one adds a quarter of what it
// has, so that a small program stays small. Memory is given back when more than
// a bound of it is free.
//
// Cores: any, any thread. Ownership: the arena's; a run is its user's.
// Blocks: for another core's section of a few instructions; for its commit
// where both have to extend the arena. Allocates: from the page source only.
// Bound: kRetainedBytesMin, or an eighth of what is in use, stays committed
// and free. Errors: null where memory or addresses are refused.
// Source: Knowlton, "A fast storage allocator", 1965; paper section 4.5.
#ifndef EBBRT_CORE_MEM_PAGE_ARENA_H_
#define EBBRT_CORE_MEM_PAGE_ARENA_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/base/spin_lock.h"
#include "core/base/types.h"
#include "core/mem/granule.h"
#include "core/mem/page_source.h"
#include "core/mem/size_class.h"

namespace ebbrt::mem {

struct PageStatistics {
  size_t reserved_bytes = 0;   // Addresses, with or without memory.
  size_t committed_bytes = 0;  // Memory held from the platform,
  size_t in_use_bytes = 0;     // of that in runs,
  size_t descriptor_bytes = 0;  // and, beyond it, in descriptors.
};

class PageArena {
 public:
  // 2 MiB, a large page of x86-64.
  static constexpr uint32_t kChunkOrder = 7;
  static constexpr uint32_t kChunkGranules = 1u << kChunkOrder;
  // What the first one commits.
  static constexpr uint32_t kFirstCommitGranules = 8;
  static constexpr uint32_t kOrders = 25;  // Blocks of up to 256 GiB.
  static constexpr size_t kRetainedBytesMin = 32 * kMiB;

  constexpr PageArena() = default;
  PageArena(const PageArena&) = delete;
  PageArena& operator=(const PageArena&) = delete;

  // Once, before anything else. `base` is the address of the first granule,
  // `granules` its descriptor, in reserved memory; the arena commits both.
  void Initialize(PageSource& source, std::byte* base, Granule* granules,
                  uint32_t granule_count, uint32_t numa_node);

  // The head of a run of `count` granules, whose index is a multiple of
  // `alignment`, a power of two. `zeroed` tells whether it reads as zero.
  Granule* Allocate(uint32_t count, uint32_t alignment, bool& zeroed);
  // REQUIRES: Allocate returned it; run_granules is as it was left.
  void Free(Granule* run);
  // Gives the end of a run back. REQUIRES: 0 < count <= run_granules.
  void Shrink(Granule* run, uint32_t count);
  // Gives all free memory back to the platform.
  void Trim();

  void AddTo(PageStatistics& statistics);
  // See PageAllocator::SetSource.
  void SetSource(PageSource& source) { source_ = &source; }

  // Every descriptor that has ever been in use; others must not be touched.
  uint32_t frontier() const {
    return frontier_.load(std::memory_order_acquire);
  }
  const Granule* granules() const { return granules_; }

  // For a platform that duplicates a running process: nobody else is inside
  // between the two.
  void LockAll();
  void UnlockAll();

 private:
  // The two kinds of free block.
  enum Kind : uint32_t { kCommitted, kUncommitted, kKinds };
  static constexpr uint32_t kNoBlock = ~0u;
  struct Block {
    uint32_t index = kNoBlock;
    uint32_t count = 0;
  };

  static constexpr GranuleState StateOf(Kind kind) {
    return kind == kCommitted ? GranuleState::kFreeCommitted
                              : GranuleState::kFreeUncommitted;
  }
  uint32_t IndexOf(const Granule* granule) const {
    return static_cast<uint32_t>(granule - granules_);
  }
  std::byte* AddressOf(uint32_t index) const {
    return base_ + size_t{index} * kGranuleBytes;
  }

  // The next five are called with lock_ held.
  void Insert(uint32_t index, uint32_t order, Kind kind);
  void InsertRange(Block range, Kind kind);
  // A block of at least 2^order granules, the smallest; none if there is none.
  Block TakeSmallest(uint32_t order, Kind kind);
  Block TakeLargest(uint32_t order_min, Kind kind);
  // Leaves of an uncommitted block what is to be committed for a run of
  // `count` granules, and frees the rest.
  Block Narrow(Block block, uint32_t count);

  Block TakeUncommitted(uint32_t count, uint32_t order, uint32_t alignment);
  Block Extend(uint32_t count, uint32_t alignment);
  // Commits `count` granules of the block at least, and frees the rest.
  bool Commit(Block block, uint32_t count);
  Granule* Use(uint32_t index, uint32_t count);
  void GiveBack(size_t retained_bytes, uint32_t order_min);

  PageSource* source_ = nullptr;
  std::byte* base_ = nullptr;
  Granule* granules_ = nullptr;
  uint32_t limit_ = 0;
  uint32_t numa_node_ = 0;

  // Held by who extends the arena, while memory for descriptors is committed:
  // who else needs an extension has to wait for this one in any case.
  SpinLock extension_lock_;
  // Written under both locks; read with acquire, for the descriptors' sake.
  std::atomic<uint32_t> frontier_{0};

  SpinLock lock_;  // Of all below.
  std::array<std::array<GranuleList, kOrders>, kKinds> free_;
  std::array<uint32_t, kKinds> nonempty_{};  // A bit an order.
  size_t committed_granules_ = 0;
  size_t in_use_granules_ = 0;
};

}  // namespace ebbrt::mem

#endif  // EBBRT_CORE_MEM_PAGE_ARENA_H_
