// Granules from all NUMA nodes, and the way from an address to its descriptor.
//
// One range of addresses is reserved for everything, on first use, and cut
// into an arena for each NUMA node; nothing of it costs memory before it is
// committed. An allocation falls back on other nodes when its own has none.
//
// Cores: any, any thread, also before main. Ownership: as PageArena. Blocks,
// bound: as PageArena. Allocates: never by other means. Errors: null where
// memory or addresses are refused.
// Source: paper section 4.5.
#ifndef EBBRT_CORE_MEM_PAGE_ALLOCATOR_H_
#define EBBRT_CORE_MEM_PAGE_ALLOCATOR_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/base/spin_lock.h"
#include "core/mem/granule.h"
#include "core/mem/page_arena.h"
#include "core/mem/page_source.h"
#include "core/mem/size_class.h"

namespace ebbrt::mem {

class PageAllocator {
 public:
  // The range that is asked for; half as much while it is refused.
  static constexpr size_t kReservedBytesMax = 256 * kGiB;
  static constexpr size_t kReservedBytesMin = 64 * kMiB;
  // The coarsest alignment that a run can have.
  static constexpr size_t kAlignmentMax = 1 * kGiB;
  static constexpr uint32_t kNumaNodesMax = 16;

  constexpr explicit PageAllocator(PageSource& source) : source_(&source) {}
  PageAllocator(const PageAllocator&) = delete;
  PageAllocator& operator=(const PageAllocator&) = delete;
  // It gives nothing back when it goes: what it handed out lives on. A test
  // that makes its own calls Release.
  ~PageAllocator() = default;

  // As PageArena::Allocate, from NUMA node `node` if possible.
  Granule* Allocate(uint32_t count, uint32_t alignment, uint32_t numa_node,
                    bool& zeroed);
  void Free(Granule* run) { ArenaOf(run).Free(run); }
  void Shrink(Granule* run, uint32_t count) { ArenaOf(run).Shrink(run, count); }
  void Trim();

  // The descriptor of the granule that `address` is in.
  // REQUIRES: that granule is in use.
  [[gnu::always_inline]] Granule* GranuleOf(const void* address) const {
    return reinterpret_cast<Granule*>(
        descriptor_bias_ +
        (reinterpret_cast<uintptr_t>(address) >> kGranuleShift) *
            sizeof(Granule));
  }
  void* AddressOf(const Granule* granule) const {
    return base_ + static_cast<size_t>(granule - granules_) * kGranuleBytes;
  }
  // Whether the address is one that this allocator may have given out.
  bool Contains(const void* address) const;

  PageStatistics Statistics();
  // Calls visit(const Granule&) for each descriptor, while others work on.
  template <typename Visit>
  void ForEachGranule(Visit visit) const {
    for (const PageArena& arena : arenas_) {
      const uint32_t frontier = arena.frontier();
      for (uint32_t i = 0; i < frontier; ++i) visit(arena.granules()[i]);
    }
  }

  // For tests: takes memory from elsewhere from now on. REQUIRES: it is the
  // same memory, as with a source that forwards to the last one.
  void SetSource(PageSource& source);
  // Gives every address and all memory back. REQUIRES: nothing is in use.
  void Release();

  // See PageArena.
  void LockAll();
  void UnlockAll();

 private:
  bool EnsureReady();
  bool Initialize();
  bool Reserve(size_t bytes);
  PageArena& ArenaOf(const Granule* run) {
    return arenas_[static_cast<size_t>(run - granules_) / arena_granules_];
  }

  // Descriptor of address a: descriptor_bias_ + a / kGranuleBytes * its size.
  uintptr_t descriptor_bias_ = 0;
  std::byte* base_ = nullptr;
  Granule* granules_ = nullptr;
  size_t reserved_bytes_ = 0;
  uint32_t arena_granules_ = 1;
  uint32_t arena_count_ = 0;
  PageSource* source_;
  SpinLock initialization_lock_;
  // Release after all above is written, acquire before it is read.
  std::atomic<bool> ready_{false};
  std::array<PageArena, kNumaNodesMax> arenas_;
};

}  // namespace ebbrt::mem

#endif  // EBBRT_CORE_MEM_PAGE_ALLOCATOR_H_
