#include "core/mem/heap.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace ebbrt::mem {
namespace {

// So many bytes of a new slab are given out at a time, so that memory that is
// not needed yet is not touched.
constexpr uint32_t kCarveBytes = 4096;

const internal::SlabShape& ShapeOf(const Granule* slab) {
  return internal::kSlabShapes[slab->size_class];
}

size_t SlabBytes(const Granule* slab) {
  return ShapeOf(slab).granules * kGranuleBytes;
}

// A full slab rests until so many of its objects are free: with one free
// object at a time it would go back and forth between full and partial.
uint32_t RestingFrees(const Granule* slab) {
  return std::max(1u, ShapeOf(slab).objects / 8);
}

}  // namespace

void* Heap::Refill(SizeClass size_class) noexcept {
  // What others have freed comes first: it bounds what waits in the inbox. And
  // no more of it than is needed now, so that it is used while in the cache.
  Objects objects = TakeReceived(size_class);
  if (objects.first == nullptr) objects = TakeObjects(size_class);
  if (objects.first == nullptr && ReleaseEmptySlabs()) {
    objects = TakeObjects(size_class);
  }
  if (objects.first == nullptr) return nullptr;
  Bin& bin = bins_[size_class];
  bin.head = objects.first->next;
  bin.room = RoomMax(size_class) + 1;
  bin.refilled = objects.count;
  return objects.first;
}

Heap::Objects Heap::TakeObjects(SizeClass size_class) {
  // What was in use before, and may still be in the cache, comes first.
  Granule*& current = slabs_[size_class].current;
  if (current != nullptr && current->free != nullptr) {
    return TakeAllOf(current);
  }
  if (Granule* slab = TakeSlab(size_class)) return TakeAllOf(slab);
  if (current != nullptr) return Carve(current);
  if (Granule* slab = TakeCommonSlab(size_class)) return TakeAllOf(slab);
  current = NewSlab(size_class);
  return current != nullptr ? Carve(current) : Objects{};
}

Heap::Objects Heap::TakeAllOf(Granule* slab) {
  uint32_t given_out = slab->countdown;
  if (slab->state == GranuleState::kSlabCurrent) {
    --given_out;
    slab->countdown = slab->carved + 1;
  } else {
    SetFull(slab);
  }
  return {std::exchange(slab->free, nullptr), slab->carved - given_out};
}

// REQUIRES: the slab is current, and has no free objects.
Heap::Objects Heap::Carve(Granule* slab) {
  const internal::SlabShape& shape = ShapeOf(slab);
  const uint32_t count =
      std::min(shape.objects - slab->carved,
               std::max(1u, kCarveBytes / shape.object_bytes));
  std::byte* const first = static_cast<std::byte*>(pages_.AddressOf(slab)) +
                           size_t{slab->carved} * shape.object_bytes;
  std::byte* object = first;
  for (uint32_t i = 1; i < count; ++i) {
    std::byte* next = object + shape.object_bytes;
    reinterpret_cast<FreeObject*>(object)->next =
        reinterpret_cast<FreeObject*>(next);
    object = next;
  }
  reinterpret_cast<FreeObject*>(object)->next = nullptr;
  slab->carved += count;
  slab->countdown += count;
  if (slab->carved == shape.objects) {
    slabs_[slab->size_class].current = nullptr;
    // Some of what was given out before may have come back meanwhile; then
    // the slab would have been taken from before it was carved. So all of its
    // objects are given out.
    SetFull(slab);
  }
  return {reinterpret_cast<FreeObject*>(first), count};
}

void Heap::SetFull(Granule* slab) {
  slab->countdown = RestingFrees(slab);
  slab->state = GranuleState::kSlabFull;
}

Granule* Heap::TakeSlab(SizeClass size_class) {
  Slabs& slabs = slabs_[size_class];
  // Partial slabs first, so that others can become empty; in each list the
  // one that was used last.
  Granule* slab = slabs.partial.front();
  if (slab != nullptr) {
    RemovePartial(slab);
    return slab;
  }
  slab = slabs.empty.PopFront();
  if (slab != nullptr) {
    empty_bytes_ -= SlabBytes(slab);
    slab->countdown = 0;
  }
  return slab;
}

Granule* Heap::TakeCommonSlab(SizeClass size_class) {
  if (common_ == nullptr || !common_->TryLock()) return nullptr;
  common_->DrainInbox();  // Nobody else may do it.
  Granule* slab = common_->TakeSlab(size_class);
  // Relaxed: see Granule::owner.
  if (slab != nullptr) slab->owner.store(this, std::memory_order_relaxed);
  common_->Unlock();
  return slab;
}

Granule* Heap::NewSlab(SizeClass size_class) {
  const uint32_t granules = internal::kSlabShapes[size_class].granules;
  bool zeroed;
  Granule* slab = pages_.Allocate(granules, 1, numa_node_, zeroed);
  if (slab == nullptr) return nullptr;
  for (uint32_t i = 0; i < granules; ++i) {
    slab[i].size_class = static_cast<uint8_t>(size_class);
    slab[i].state = GranuleState::kSlabInside;
    slab[i].distance = i;
    slab[i].owner.store(nullptr, std::memory_order_relaxed);
  }
  slab->free = nullptr;
  slab->countdown = 1;  // See the table in the header.
  slab->carved = 0;
  slab->state = GranuleState::kSlabCurrent;
  slab->owner.store(this, std::memory_order_relaxed);
  return slab;
}

void Heap::OnCountdown(Granule* slab) noexcept {
  if (slab->state == GranuleState::kSlabPartial) {
    RemovePartial(slab);
    AddEmpty(slab);
    return;
  }
  EBBRT_CHECK(slab->state == GranuleState::kSlabFull);
  slab->countdown = ShapeOf(slab).objects - RestingFrees(slab);
  if (slab->countdown == 0) {
    AddEmpty(slab);
  } else {
    AddPartial(slab);
  }
}

void Heap::AddPartial(Granule* slab) {
  Slabs& slabs = slabs_[slab->size_class];
  slab->state = GranuleState::kSlabPartial;
  if (slabs.partial_count >= kPartialSlabsMax && common_ != nullptr &&
      common_->TryLock()) {
    slab->owner.store(common_, std::memory_order_relaxed);
    common_->AddPartial(slab);
    common_->Unlock();
    return;
  }
  slabs.partial.PushFront(slab);
  ++slabs.partial_count;
}

void Heap::RemovePartial(Granule* slab) {
  Slabs& slabs = slabs_[slab->size_class];
  slabs.partial.Remove(slab);
  --slabs.partial_count;
}

void Heap::AddEmpty(Granule* slab) {
  if (empty_bytes_ + SlabBytes(slab) > kEmptyBytesMax) {
    Release(slab);
    return;
  }
  slab->state = GranuleState::kSlabEmpty;
  empty_bytes_ += SlabBytes(slab);
  slabs_[slab->size_class].empty.PushFront(slab);
}

void Heap::Release(Granule* slab) {
  for (uint32_t i = 0; i < slab->run_granules; ++i) {
    slab[i].size_class = kNoSizeClass;
    slab[i].state = GranuleState::kNone;
    slab[i].owner.store(nullptr, std::memory_order_relaxed);
  }
  pages_.Free(slab);
}

bool Heap::ReleaseEmptySlabs() {
  bool any = false;
  for (Slabs& slabs : slabs_) {
    while (Granule* slab = slabs.empty.PopFront()) {
      empty_bytes_ -= SlabBytes(slab);
      Release(slab);
      any = true;
    }
  }
  return any;
}

void Heap::EmptyBin(SizeClass size_class) {
  Bin& bin = bins_[size_class];
  FreeObject* object = std::exchange(bin.head, nullptr);
  bin.room = RoomMax(size_class);
  bin.refilled = 0;
  while (object != nullptr) {
    FreeObject* next = object->next;
    FreeIntoSlab(pages_.GranuleOf(object), object);
    object = next;
  }
}

void Heap::Trim() {
  DrainInbox();
  for (SizeClass i = 1; i < kSizeClasses; ++i) EmptyBin(i);
  SendAll();
  for (Slabs& slabs : slabs_) {
    if (slabs.current == nullptr || slabs.current->countdown != 1) continue;
    Release(slabs.current);  // Nothing of it is given out.
    slabs.current = nullptr;
  }
  ReleaseEmptySlabs();
}

uint32_t Heap::ObjectsInBin(SizeClass size_class) const {
  // The holder writes these as plain variables, for the sake of its speed; on
  // x86-64 an aligned load sees a value that they had.
  const Bin& bin = bins_[size_class];
  uint32_t refilled = __atomic_load_n(&bin.refilled, __ATOMIC_RELAXED);
  uint32_t room = __atomic_load_n(&bin.room, __ATOMIC_RELAXED);
  uint32_t most = refilled + RoomMax(size_class);
  return most - std::min(room, most);
}

}  // namespace ebbrt::mem
