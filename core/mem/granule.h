// The descriptor of a granule: what the allocators know about 16 KiB.
//
// All descriptors stand in one array, apart from the memory that they
// describe, so that an address leads to its descriptor by arithmetic and a
// buffer overrun in an application does not reach them. One is a cache line,
// and is in use as one of these:
//
//   head of a free block    state kFree...; order, links          PageArena
//   head of a run in use    run_granules; the rest is the user's  PageArena
//   ... of a slab           the fields of a slab, and links       Heap
//   inside a run            nothing; inside a slab, distance      Heap
//
// Cores: as its present user says. Ownership: the PageAllocator's.
// Blocks, allocates: never. Errors: none.
#ifndef EBBRT_CORE_MEM_GRANULE_H_
#define EBBRT_CORE_MEM_GRANULE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/base/types.h"

namespace ebbrt::mem {

class Heap;

// A free object is a link of the list that it is in.
struct FreeObject {
  FreeObject* next;
};

enum class GranuleState : uint8_t {
  kNone,             // Not the head of anything.
  kFreeCommitted,    // Free block with memory behind it,
  kFreeUncommitted,  // or without.
  kLarge,            // A run that is one object.
  kSlabInside,       // Part of a slab whose head is `distance` before it.
  kSlabCurrent,      // Not all of its objects have been given out yet.
  kSlabPartial,      // In its heap's list of slabs with free objects.
  kSlabEmpty,        // In its heap's list of slabs with nothing in use.
  kSlabFull,         // In no list, until enough of its objects are free.
};

// A field that its owner writes and others may look at meanwhile: they see some
// value that it had. Relaxed: it orders nothing, and is a plain move.
template <typename T>
class Relaxed {
 public:
  constexpr Relaxed(T value) : value_(value) {}  // NOLINT: stands for a T
  operator T() const {                           // NOLINT
    return value_.load(std::memory_order_relaxed);
  }
  T operator=(T value) {
    value_.store(value, std::memory_order_relaxed);
    return value;
  }

 private:
  std::atomic<T> value_;
};

struct alignas(kCacheLineBytes) Granule {
  // The free objects of a slab, and how many frees remain until the slab
  // wants its heap's attention: see core/mem/heap.h.
  FreeObject* free = nullptr;
  uint32_t countdown = 0;
  // In every granule of a slab; kNoSizeClass in any other.
  uint8_t size_class = 0;
  // Whoever frees an object looks at it.
  Relaxed<GranuleState> state = GranuleState::kNone;
  uint8_t order = 0;  // A free block has 2^order granules.
  // The heap whose slab this is. Relaxed everywhere: a thread that frees an
  // object got it from the one that allocated it, which orders the two; and
  // where a slab changes hands meanwhile the old owner passes the object on.
  std::atomic<Heap*> owner{nullptr};

  Granule* next = nullptr;
  Granule* previous = nullptr;
  uint32_t run_granules = 0;
  uint32_t distance = 0;
  uint32_t carved = 0;  // So many objects of the slab have been given out.
};
static_assert(sizeof(Granule) == kCacheLineBytes);

// Doubly linked; constant initialised, unlike IntrusiveList.
class GranuleList {
 public:
  bool empty() const { return first_ == nullptr; }
  Granule* front() const { return first_; }

  void PushFront(Granule* granule) {
    granule->next = first_;
    granule->previous = nullptr;
    if (first_ != nullptr) first_->previous = granule;
    first_ = granule;
  }
  // REQUIRES: it is in this list.
  void Remove(Granule* granule) {
    if (granule->previous != nullptr) {
      granule->previous->next = granule->next;
    } else {
      first_ = granule->next;
    }
    if (granule->next != nullptr) granule->next->previous = granule->previous;
  }
  // Null if empty.
  Granule* PopFront() {
    Granule* granule = first_;
    if (granule != nullptr) Remove(granule);
    return granule;
  }

 private:
  Granule* first_ = nullptr;
};

}  // namespace ebbrt::mem

#endif  // EBBRT_CORE_MEM_GRANULE_H_
