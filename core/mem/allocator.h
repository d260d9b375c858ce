// The general purpose allocator: what malloc, new and core itself are served
// from.
//
// Up to kSmallBytesMax an object comes from the heap of the calling core, by
// size class; the class is a constant where the size is one. Threads that are
// no cores share a few heaps, which they lock. What is larger is a run of
// granules of its own.
//
// There is one such allocator a process (or image), in the simulator too, where
// all nodes share it: an address must lead to its owner without knowing a node.
//
// Cores: any, any thread, before main, without a node, and after one has
// ended. Ownership: the caller's, until Free, on any core or thread.
// Blocks: no; off cores, for another thread's allocation. Allocates: yes.
// Bound: of what is kept free, in core/mem/heap.h and page_arena.h.
// Errors: null where memory is refused. Freeing what is not allocated is a
// failed check where it is noticed.
// Source: paper section 4.5.
#ifndef EBBRT_CORE_MEM_ALLOCATOR_H_
#define EBBRT_CORE_MEM_ALLOCATOR_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/mem/granule.h"
#include "core/mem/heap.h"
#include "core/mem/page_allocator.h"
#include "core/mem/size_class.h"
#include "platform/current.h"

namespace ebbrt::mem {

// Of so many cores each can have a heap; others allocate as threads do.
inline constexpr uint32_t kCoreHeapsMax = 1024;
// No object is larger.
inline constexpr size_t kObjectBytesMax = PageAllocator::kReservedBytesMax;

// At least `bytes`, aligned for any type of that size.
void* Allocate(size_t bytes) noexcept;
// Aligned to a power of two, of at most PageAllocator::kAlignmentMax.
void* AllocateAligned(size_t bytes, size_t alignment) noexcept;
// Reads as zero.
void* AllocateZeroed(size_t bytes) noexcept;
// The same contents in at least `bytes`, at a new place perhaps; `object` may
// be null. Null: it is still there, as it was. REQUIRES: bytes > 0.
void* Reallocate(void* object, size_t bytes) noexcept;
// Null is nothing to free.
void Free(void* object) noexcept;
// How many bytes of the object may be used. REQUIRES: not null.
size_t UsableBytes(const void* object) noexcept;

// Gives what is free back to the platform, as far as the calling core (or
// thread) may: other cores keep what they hold ready.
void Trim() noexcept;

// A core's first and last act: in between it allocates from a heap of its own.
// The node calls them (core/event/node.cc).
void EnterCore();
void LeaveCore();

struct Statistics {
  struct Class {
    size_t object_bytes = 0;
    size_t slab_bytes = 0;      // Held for the class.
    size_t objects_in_use = 0;  // Or on their way from heap to heap.
  };
  PageStatistics pages;
  size_t large_bytes = 0;  // In objects beyond kSmallBytesMax.
  std::array<Class, kSizeClasses> classes;

  size_t bytes_in_use() const;
};
// A look at every descriptor, so O(memory ever in use), while others work on:
// figures of different slabs are of slightly different times.
Statistics ReadStatistics();

// For a platform that duplicates a running process: between the two no other
// thread holds anything that an allocation needs.
void LockForDuplication();
void UnlockAfterDuplication();

namespace internal {

inline constexpr uint32_t kCommonHeaps = 8;
// The static Ebb number under which a core finds its heap.
inline constexpr platform::EbbNumber kHeapNumber = 15;

// All state of the allocator: constant initialised, since the first call comes
// before any constructor.
struct Process {
  PlatformPages source;
  PageAllocator pages{source};
  // For threads that are no cores, and for partial slabs that cores pass on.
  std::array<Heap, kCommonHeaps> common{{{pages, nullptr, 0},
                                         {pages, nullptr, 1},
                                         {pages, nullptr, 2},
                                         {pages, nullptr, 3},
                                         {pages, nullptr, 4},
                                         {pages, nullptr, 5},
                                         {pages, nullptr, 6},
                                         {pages, nullptr, 7}}};
  // Made when the core first enters, and never destroyed: its objects stay.
  std::array<std::atomic<Heap*>, kCoreHeapsMax> cores{};
  // How many nodes at present have a core of this number. More than one only
  // in the simulator, which runs them on one thread.
  std::array<uint32_t, kCoreHeapsMax> entered{};
};
extern Process process;

[[gnu::always_inline]] inline Heap* CurrentHeap() {
  return static_cast<Heap*>(Platform::Representative(kHeapNumber));
}
[[gnu::noinline]] void* AllocateSlow(size_t bytes) noexcept;
[[gnu::noinline]] void FreeOffCore(void* object) noexcept;

// What Allocate does while all goes well, else null: for who has a slow way of
// its own, which ends in AllocateSlow.
[[gnu::always_inline]] inline void* AllocateFast(size_t bytes) noexcept {
  Heap* heap = CurrentHeap();
  if (heap == nullptr || bytes > kTableBytesMax) [[unlikely]] return nullptr;
  return heap->Pop(LookUpSizeClass(bytes));
}

}  // namespace internal

[[gnu::always_inline]] inline void* Allocate(size_t bytes) noexcept {
  void* object = internal::AllocateFast(bytes);
  return object != nullptr ? object : internal::AllocateSlow(bytes);
}

[[gnu::always_inline]] inline void Free(void* object) noexcept {
  if (object == nullptr) [[unlikely]] return;
  Heap* heap = internal::CurrentHeap();
  if (heap == nullptr) [[unlikely]] return internal::FreeOffCore(object);
  heap->Free(internal::process.pages.GranuleOf(object), object);
}

}  // namespace ebbrt::mem

#endif  // EBBRT_CORE_MEM_ALLOCATOR_H_
