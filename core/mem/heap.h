// A heap of small objects: what a core allocates from without atomics.
//
// Objects of one size class stand in slabs, and a slab belongs to one heap.
// The list of a slab's free objects is in its descriptor, and the owner alone
// touches it:
//
//   allocate   pops from the slab that the class allocates from (`current`)
//   free       pushes on the slab of the object; on another heap's slab, the
//              object goes into a batch, and the batch to that heap's inbox
//
// `countdown` is what makes both so short: it tells after how many frees the
// slab wants attention, so that a free needs one test for all of this:
//
//   state      countdown                        at zero
//   current    objects in use + 1               never: the 1 keeps it up
//   full       frees until an eighth is free    becomes partial
//   partial    objects in use                   becomes empty
//   empty      any; nothing is in use           never
//
// Cores: of all methods not marked otherwise, the heap's holder: the core
// whose heap it is, between EnterCore and LeaveCore (core/mem/allocator.h), or
// whoever has locked it. Ownership: slabs belong to the heap until they are
// empty or passed on; the objects are the caller's. Blocks: no. Allocates:
// granules. Bound: kEmptyBytesMax of empty slabs, kPartialSlabsMax partial
// ones a class, kBatchObjectsMax for each of kBatches other heaps.
// Errors: null where memory is refused, after what is empty was given up.
// Source: paper section 4.5; Leijen et al., "Mimalloc", 2019; Liétar et al.,
// "snmalloc: a message passing allocator", 2019.
#ifndef EBBRT_CORE_MEM_HEAP_H_
#define EBBRT_CORE_MEM_HEAP_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/base/spin_lock.h"
#include "core/base/types.h"
#include "core/mem/granule.h"
#include "core/mem/page_allocator.h"
#include "core/mem/size_class.h"

namespace ebbrt::mem {

namespace internal {
// Stands for "no slab": it has no free objects, and nothing writes to it.
extern Granule no_slab;
}  // namespace internal

class Heap {
 public:
  static constexpr size_t kEmptyBytesMax = 4 * kMiB;
  static constexpr uint32_t kPartialSlabsMax = 256;
  static constexpr uint32_t kBatchObjectsMax = 64;
  static constexpr uint32_t kBatches = 16;  // A power of two.

  // `common`, if any, is the heap with which this one shares partial slabs.
  constexpr Heap(PageAllocator& pages, Heap* common, uint32_t numa_node)
      : pages_(pages), common_(common), numa_node_(numa_node) {
    current_.fill(&internal::no_slab);
  }
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  // Null where memory is refused.
  [[gnu::always_inline]] void* Allocate(SizeClass size_class) {
    Granule* slab = current_[size_class];
    FreeObject* object = slab->free;
    if (object == nullptr) [[unlikely]] return AllocateSlow(size_class);
    slab->free = object->next;
    ++slab->countdown;
    return object;
  }

  // REQUIRES: `slab` is the head of the object's slab, and this heap's.
  [[gnu::always_inline]] void Free(Granule* slab, void* object) {
    FreeObject* freed = static_cast<FreeObject*>(object);
    freed->next = slab->free;
    slab->free = freed;
    if (--slab->countdown == 0) [[unlikely]] OnCountdown(slab);
  }

  // Frees an object of another heap's slab.
  void FreeRemote(Heap* owner, void* object);

  // Any thread: has this heap free a chain of objects, by itself if nobody
  // holds it.
  void Receive(FreeObject* first, FreeObject* last);

  // Sends batches off, frees what others sent, gives empty slabs back.
  void Trim();

  // The holder of a heap; a core is one for as long as it is up. Any thread.
  void Lock() { lock_.lock(); }
  bool TryLock() { return lock_.try_lock(); }
  void Unlock() { lock_.unlock(); }

 private:
  // The slabs of a class that have free objects, without the current one.
  struct Bin {
    GranuleList partial;
    GranuleList empty;
    uint32_t partial_count = 0;
  };
  // Objects on their way to another heap.
  struct Batch {
    Heap* owner = nullptr;
    FreeObject* first = nullptr;
    FreeObject* last = nullptr;
    uint32_t count = 0;
  };

  [[gnu::noinline]] void* AllocateSlow(SizeClass size_class);
  [[gnu::noinline]] void OnCountdown(Granule* slab);

  // A slab to allocate from, null if memory is refused.
  Granule* FindSlab(SizeClass size_class);
  Granule* TakeOwnSlab(SizeClass size_class);
  Granule* TakeCommonSlab(SizeClass size_class);
  Granule* NewSlab(SizeClass size_class);
  // Adds free objects. REQUIRES: not all of the slab are carved.
  void Carve(Granule* slab);
  void Retire(SizeClass size_class);

  void AddPartial(Granule* slab);
  void RemovePartial(Granule* slab);
  void AddEmpty(Granule* slab);
  void Release(Granule* slab);
  bool ReleaseEmptySlabs();

  void Send(Batch& batch);
  void SendAll();
  bool DrainInbox();
  void Push(FreeObject* first, FreeObject* last);

  std::array<Granule*, kSizeClasses> current_;
  std::array<Bin, kSizeClasses> bins_;
  std::array<Batch, kBatches> batches_;
  size_t empty_bytes_ = 0;
  PageAllocator& pages_;
  Heap* const common_;
  const uint32_t numa_node_;

  // Written by other threads: objects of this heap's slabs, freed elsewhere.
  // Release on pushing, acquire on taking: the links are seen.
  alignas(kNoSharingBytes) std::atomic<FreeObject*> inbox_{nullptr};
  // Beside the inbox because who pushes also tries the lock.
  SpinLock lock_;
};

}  // namespace ebbrt::mem

#endif  // EBBRT_CORE_MEM_HEAP_H_
