#include "core/mem/allocator.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <mutex>
#include <new>

#include "core/base/check.h"

namespace ebbrt::mem {
namespace internal {
constinit Process process;
}  // namespace internal

namespace {

using internal::process;

// Threads have their stacks far apart, so that this spreads them.
Heap& CommonHeap() {
  constexpr int kStackShift = 20;
  uint64_t place = reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) >>
                   kStackShift;
  return process.common[place * uint64_t{0x9E3779B97F4A7C15} >> 61];
}
static_assert(internal::kCommonHeaps == 8, "the shift above");

void* AllocateSmall(SizeClass size_class) {
  Heap* heap = internal::CurrentHeap();
  if (heap != nullptr) return heap->Allocate(size_class);
  Heap& common = CommonHeap();
  common.Lock();
  void* object = common.Allocate(size_class);
  common.Unlock();
  return object;
}

uint32_t GranulesFor(size_t bytes) {
  return static_cast<uint32_t>((bytes + kGranuleBytes - 1) / kGranuleBytes);
}

void* AllocateLarge(size_t bytes, size_t alignment, bool& zeroed) {
  if (bytes > kObjectBytesMax || alignment > PageAllocator::kAlignmentMax) {
    return nullptr;
  }
  Granule* run = process.pages.Allocate(
      std::max(1u, GranulesFor(bytes)),
      static_cast<uint32_t>(std::max(alignment / kGranuleBytes, size_t{1})),
      Platform::CurrentNumaNode(), zeroed);
  if (run == nullptr) return nullptr;
  run->state = GranuleState::kLarge;
  run->owner.store(nullptr, std::memory_order_relaxed);
  run->size_class = kNoSizeClass;
  return process.pages.AddressOf(run);
}

// The head of what the object is in.
Granule* HeadOf(const void* object) {
  Granule* granule = process.pages.GranuleOf(object);
  if (granule->state == GranuleState::kSlabInside) granule -= granule->distance;
  return granule;
}

// A heap that is held is for its holder to look after.
void TrimUnlessHeld(Heap& heap) {
  if (!heap.TryLock()) return;
  heap.Trim();
  heap.Unlock();
}

// In place, where the size class or the run allows.
bool ResizeInPlace(void* object, size_t bytes) {
  Granule* head = HeadOf(object);
  if (head->state == GranuleState::kLarge) {
    uint32_t granules = GranulesFor(bytes);
    if (bytes <= kSmallBytesMax || granules > head->run_granules) return false;
    process.pages.Shrink(head, granules);
    return true;
  }
  // Half of an object may be waste before it is worth a copy.
  size_t usable = ObjectBytes(head->size_class);
  return bytes <= usable && bytes > usable / 2;
}

}  // namespace

namespace internal {

void* AllocateSlow(size_t bytes) noexcept {
  if (bytes <= kSmallBytesMax) return AllocateSmall(ComputeSizeClass(bytes));
  bool zeroed;
  return AllocateLarge(bytes, 1, zeroed);
}

void FreeOffCore(void* object) noexcept {
  EBBRT_CHECK(process.pages.Contains(object));
  Heap& common = CommonHeap();
  common.Lock();
  common.Free(process.pages.GranuleOf(object), object);
  common.Unlock();
}

}  // namespace internal

void* AllocateAligned(size_t bytes, size_t alignment) noexcept {
  EBBRT_CHECK(std::has_single_bit(alignment));
  if (bytes > kObjectBytesMax) return nullptr;
  if (alignment <= 16) {
    return Allocate(alignment <= 8 ? bytes : std::max(bytes, size_t{16}));
  }
  // Slabs are aligned to granules, so the objects of a class whose size is a
  // multiple of the alignment are aligned too. Each fourth class is one.
  if (alignment <= kGranuleBytes && bytes <= kSmallBytesMax) {
    SizeClass size_class = ComputeSizeClass(std::max(bytes, alignment));
    while (size_class < kSizeClasses &&
           ObjectBytes(size_class) % alignment != 0) {
      ++size_class;
    }
    if (size_class < kSizeClasses) return AllocateSmall(size_class);
  }
  bool zeroed;
  return AllocateLarge(bytes, alignment, zeroed);
}

void* AllocateZeroed(size_t bytes) noexcept {
  bool zeroed = false;
  void* object = bytes <= kSmallBytesMax ? Allocate(bytes)
                                         : AllocateLarge(bytes, 1, zeroed);
  if (object != nullptr && !zeroed) std::memset(object, 0, bytes);
  return object;
}

void* Reallocate(void* object, size_t bytes) noexcept {
  if (object == nullptr) return Allocate(bytes);
  if (ResizeInPlace(object, bytes)) return object;
  void* moved = Allocate(bytes);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, object, std::min(bytes, UsableBytes(object)));
  Free(object);
  return moved;
}

size_t UsableBytes(const void* object) noexcept {
  const Granule* head = HeadOf(object);
  return head->state == GranuleState::kLarge
             ? head->run_granules * kGranuleBytes
             : ObjectBytes(head->size_class);
}

void Trim() noexcept {
  // Twice, because the first time heaps send each other what is theirs.
  for (int i = 0; i < 2; ++i) {
    for (Heap& heap : process.common) TrimUnlessHeld(heap);
    for (std::atomic<Heap*>& entry : process.cores) {
      // Acquire: pairs with EnterCore.
      Heap* heap = entry.load(std::memory_order_acquire);
      if (heap != nullptr) TrimUnlessHeld(*heap);
    }
    if (Heap* heap = internal::CurrentHeap()) heap->Trim();
  }
  process.pages.Trim();
}

}  // namespace ebbrt::mem
