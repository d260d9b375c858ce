// A core's heap: made, entered and left. See core/mem/allocator.h.
#include <atomic>
#include <new>

#include "core/base/check.h"
#include "core/mem/allocator.h"

namespace ebbrt::mem {
namespace {

using internal::process;

Heap* MakeHeap() {
  static_assert(sizeof(Heap) <= kGranuleBytes);
  const uint32_t numa_node = Platform::CurrentNumaNode();
  bool zeroed;
  Granule* run = process.pages.Allocate(1, 1, numa_node, zeroed);
  if (run == nullptr) return nullptr;
  return ::new (process.pages.AddressOf(run))
      Heap(process.pages, &process.common[numa_node % internal::kCommonHeaps],
           numa_node);
}

}  // namespace

void EnterCore() {
  EBBRT_CHECK(internal::CurrentHeap() == nullptr);
  const uint32_t core = Platform::CurrentCore().index();
  if (core >= kCoreHeapsMax) return;
  // Relaxed: only cores of this number write the entry, one after the other.
  Heap* heap = process.cores[core].load(std::memory_order_relaxed);
  if (heap == nullptr) {
    heap = MakeHeap();
    if (heap == nullptr) return;
    // Release: who finds it in Trim sees it made.
    process.cores[core].store(heap, std::memory_order_release);
  }
  if (process.entered[core]++ == 0) heap->Lock();
  if (!Platform::SetRepresentative(internal::kHeapNumber, heap)) {
    if (--process.entered[core] == 0) heap->Unlock();
  }
}

void LeaveCore() {
  Heap* heap = internal::CurrentHeap();
  if (heap == nullptr) return;
  const uint32_t core = Platform::CurrentCore().index();
  bool cleared = Platform::SetRepresentative(internal::kHeapNumber, nullptr);
  EBBRT_CHECK(cleared);
  heap->Trim();
  if (--process.entered[core] == 0) heap->Unlock();
}

void LockForDuplication() {
  for (Heap& heap : process.common) heap.Lock();
  process.pages.LockAll();
}

void UnlockAfterDuplication() {
  process.pages.UnlockAll();
  for (Heap& heap : process.common) heap.Unlock();
}

}  // namespace ebbrt::mem
