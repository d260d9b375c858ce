// A heap of small objects: what a core allocates from without atomics.
//
//   bin    of each size class: a list of free objects, of whatever slab, last
//          in first out. Allocating pops, freeing pushes while there is room.
//   slab   granules full of objects of one class; belongs to one heap, which
//          keeps the list of its free objects in its descriptor. A bin that
//          runs empty takes the whole list of a slab; what a bin has no room
//          for goes back to its slab, which so may become empty.
//   batch  of objects on their way to the heap of their slab, into its inbox.
//          The objects are not touched: a batch is an array beside them.
//
// `countdown` of a slab tells after how many frees it wants attention, so that
// freeing into a slab needs one test for all of this:
//
//   state      countdown                        at zero
//   current    objects given out + 1            never: the 1 keeps it up
//   full       frees until an eighth is free    becomes partial
//   partial    objects given out                becomes empty
//   empty      any; nothing is given out        never
//
// Cores: of all methods not marked otherwise, the heap's holder: the core
// whose heap it is, between EnterCore and LeaveCore (core/mem/allocator.h), or
// whoever has locked it. Ownership: slabs belong to the heap until they are
// empty or passed on; the objects are the caller's. Blocks: no. Allocates:
// granules. Bound: kBinBytesMax and a slab's objects in a bin; kEmptyBytesMax
// of empty slabs, kPartialSlabsMax partial ones a class; a batch for each of
// kBatches other heaps. Errors: null where memory is refused, after what is
// empty was given up.
// Source: paper section 4.5; Leijen et al., "Mimalloc", 2019; Liétar et al.,
// "snmalloc: a message passing allocator", 2019.
#ifndef EBBRT_CORE_MEM_HEAP_H_
#define EBBRT_CORE_MEM_HEAP_H_

#include <algorithm>
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

class Heap;

// Objects of one heap's slabs, freed elsewhere.
struct RemoteBatch {
  static constexpr uint32_t kObjectsMax = 62;

  RemoteBatch* next;
  uint32_t count;
  void* objects[kObjectsMax];
};
static_assert(sizeof(RemoteBatch) == 512);

class Heap {
 public:
  static constexpr size_t kBinBytesMax = 32 * kKiB;
  static constexpr uint32_t kBinObjectsMax = 256;
  static constexpr size_t kEmptyBytesMax = 4 * kMiB;
  static constexpr uint32_t kPartialSlabsMax = 256;
  static constexpr uint32_t kBatches = 16;  // A power of two.

  // `common`, if any, is the heap with which this one shares partial slabs.
  constexpr Heap(PageAllocator& pages, Heap* common, uint32_t numa_node)
      : pages_(pages), common_(common), numa_node_(numa_node) {
    for (SizeClass i = 1; i < kSizeClasses; ++i) bins_[i].room = RoomMax(i);
  }
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  // An object that is at hand, else null. REQUIRES: not kNoSizeClass.
  [[gnu::always_inline]] void* Pop(SizeClass size_class) noexcept {
    Bin& bin = bins_[size_class];
    FreeObject* object = bin.head;
    if (object == nullptr) [[unlikely]] return nullptr;
    bin.head = object->next;
    ++bin.room;
    return object;
  }

  // Null where memory is refused. REQUIRES: not kNoSizeClass.
  void* Allocate(SizeClass size_class) noexcept {
    void* object = Pop(size_class);
    return object != nullptr ? object : Refill(size_class);
  }

  // Frees an object of any heap, or a run. `granule` is where it stands.
  [[gnu::always_inline]] void Free(Granule* granule, void* object) noexcept {
    Bin& bin = bins_[granule->size_class];
    if (bin.room == 0) [[unlikely]] return FreeIntoSlab(granule, object);
    --bin.room;
    FreeObject* freed = static_cast<FreeObject*>(object);
    freed->next = bin.head;
    bin.head = freed;
  }

  // Any thread: has this heap free these objects, by itself if nobody holds
  // it.
  void Receive(RemoteBatch* batch);
  void Receive(FreeObject* object);

  // Empties bins, batches and inbox, and gives empty slabs back.
  void Trim();

  // The holder of a heap; a core is one for as long as it is up. Any thread.
  void Lock() { lock_.lock(); }
  bool TryLock() { return lock_.try_lock(); }
  void Unlock() { lock_.unlock(); }

  // Any thread: how many objects the bin of a class has, a little ago.
  uint32_t ObjectsInBin(SizeClass size_class) const;

 private:
  struct Bin {
    FreeObject* head = nullptr;
    // So many objects more may be pushed: of kNoSizeClass, none ever.
    uint32_t room = 0;
    // So many came with the last slab; as `room`, a pop makes room for a push:
    // the bin has refilled + RoomMax - room objects.
    uint32_t refilled = 0;
  };
  // The slabs of a class that have free objects.
  struct Slabs {
    Granule* current = nullptr;
    GranuleList partial;
    GranuleList empty;
    uint32_t partial_count = 0;
  };
  struct Outgoing {
    Heap* owner = nullptr;
    RemoteBatch* batch = nullptr;  // Not full.
  };
  // Linked, for a bin.
  struct Objects {
    FreeObject* first = nullptr;
    uint32_t count = 0;
  };

  static constexpr uint32_t RoomMax(SizeClass size_class) {
    return std::clamp(
        static_cast<uint32_t>(kBinBytesMax / ObjectBytes(size_class)), 2u,
        kBinObjectsMax);
  }

  [[gnu::always_inline]] void FreeIntoSlab(Granule* granule,
                                           void* object) noexcept {
    // Relaxed: see Granule::owner.
    if (granule->owner.load(std::memory_order_relaxed) != this) [[unlikely]] {
      return FreeSlow(granule, object);
    }
    Put(granule, object);
  }
  // REQUIRES: `slab` is the head of the object's slab, and this heap's.
  [[gnu::always_inline]] void Put(Granule* slab, void* object) noexcept {
    FreeObject* freed = static_cast<FreeObject*>(object);
    freed->next = slab->free;
    slab->free = freed;
    if (--slab->countdown == 0) [[unlikely]] OnCountdown(slab);
  }

  // heap.cc: bins and slabs.
  [[gnu::noinline]] void* Refill(SizeClass size_class) noexcept;
  [[gnu::noinline]] void FreeSlow(Granule* granule, void* object) noexcept;
  [[gnu::noinline]] void OnCountdown(Granule* slab) noexcept;
  // None if memory is refused.
  Objects TakeObjects(SizeClass size_class);
  Objects TakeAllOf(Granule* slab);
  Objects Carve(Granule* slab);
  Granule* TakeSlab(SizeClass size_class);
  Granule* TakeCommonSlab(SizeClass size_class);
  Granule* NewSlab(SizeClass size_class);
  void SetFull(Granule* slab);
  void AddPartial(Granule* slab);
  void RemovePartial(Granule* slab);
  void AddEmpty(Granule* slab);
  void Release(Granule* slab);
  bool ReleaseEmptySlabs();
  void EmptyBin(SizeClass size_class);

  // heap_remote.cc: from heap to heap.
  void FreeRemote(Heap* owner, void* object);
  RemoteBatch* StartBatch(Outgoing& outgoing, Heap* owner);
  void Send(Outgoing& outgoing);
  void SendAll();
  // Takes what others have freed, until some of it is of the class; that is
  // for a bin.
  Objects TakeReceived(SizeClass size_class);
  Objects TakeFrom(RemoteBatch* batch, SizeClass size_class);
  RemoteBatch* NextReceived();
  void DrainInbox();
  void FreeReceived(void* object);

  std::array<Bin, kSizeClasses> bins_;
  std::array<Slabs, kSizeClasses> slabs_;
  std::array<Outgoing, kBatches> outgoing_;
  // Taken out of the inbox, but not looked at yet.
  RemoteBatch* received_ = nullptr;
  size_t empty_bytes_ = 0;
  PageAllocator& pages_;
  Heap* const common_;
  const uint32_t numa_node_;

  // Written by other threads. Release on pushing, acquire on taking: what a
  // batch contains is seen.
  alignas(kNoSharingBytes) std::atomic<RemoteBatch*> inbox_{nullptr};
  // Single objects, from where there was no memory for a batch.
  std::atomic<FreeObject*> loose_inbox_{nullptr};
  // Beside the inbox because who pushes also tries the lock.
  SpinLock lock_;
};

}  // namespace ebbrt::mem

#endif  // EBBRT_CORE_MEM_HEAP_H_
