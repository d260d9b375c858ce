#include "core/mem/heap.h"

#include <algorithm>
#include <bit>

#include "core/base/check.h"

namespace ebbrt::mem {
namespace {

// So many bytes are made into free objects at a time: a page, so that memory
// that a slab does not need yet is not touched.
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

namespace internal {
constinit Granule no_slab;
}  // namespace internal

void* Heap::AllocateSlow(SizeClass size_class) {
  Granule* slab = current_[size_class];
  if (slab == &internal::no_slab ||
      slab->carved == internal::kSlabShapes[size_class].objects) {
    Retire(size_class);
    slab = FindSlab(size_class);
    if (slab == nullptr) return nullptr;
    current_[size_class] = slab;
  }
  if (slab->free == nullptr) Carve(slab);
  FreeObject* object = slab->free;
  slab->free = object->next;
  ++slab->countdown;
  return object;
}

void Heap::Retire(SizeClass size_class) {
  Granule* slab = current_[size_class];
  if (slab == &internal::no_slab) return;
  current_[size_class] = &internal::no_slab;
  // All its objects are in use.
  slab->countdown = RestingFrees(slab);
  slab->state = GranuleState::kSlabFull;
}

Granule* Heap::FindSlab(SizeClass size_class) {
  // What others have freed comes first: it bounds what waits in the inbox.
  DrainInbox();
  Granule* slab = TakeOwnSlab(size_class);
  if (slab == nullptr) slab = TakeCommonSlab(size_class);
  if (slab == nullptr) slab = NewSlab(size_class);
  if (slab == nullptr && ReleaseEmptySlabs()) slab = NewSlab(size_class);
  if (slab == nullptr) return nullptr;
  ++slab->countdown;  // See the table in the header.
  slab->state = GranuleState::kSlabCurrent;
  return slab;
}

Granule* Heap::TakeOwnSlab(SizeClass size_class) {
  Bin& bin = bins_[size_class];
  // Partial slabs first, so that others can become empty; in each list the
  // slab that was used last, which is still in the cache.
  Granule* slab = bin.partial.front();
  if (slab != nullptr) {
    RemovePartial(slab);
    return slab;
  }
  slab = bin.empty.PopFront();
  if (slab != nullptr) {
    empty_bytes_ -= SlabBytes(slab);
    slab->countdown = 0;
  }
  return slab;
}

Granule* Heap::TakeCommonSlab(SizeClass size_class) {
  if (common_ == nullptr || !common_->TryLock()) return nullptr;
  common_->DrainInbox();
  Granule* slab = common_->TakeOwnSlab(size_class);
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
  slab->free = nullptr;
  slab->countdown = 0;
  slab->carved = 0;
  slab->distance = 0;
  slab->size_class = static_cast<uint8_t>(size_class);
  for (uint32_t i = 1; i < granules; ++i) {
    slab[i].distance = i;
    slab[i].owner.store(NoHeap(), std::memory_order_relaxed);
    slab[i].state = GranuleState::kSlabInside;
  }
  slab->owner.store(this, std::memory_order_relaxed);
  return slab;
}

void Heap::Carve(Granule* slab) {
  const internal::SlabShape& shape = ShapeOf(slab);
  const uint32_t count = std::min(
      shape.objects - slab->carved,
      std::max(1u, kCarveBytes / shape.object_bytes));
  std::byte* object = static_cast<std::byte*>(pages_.AddressOf(slab)) +
                      size_t{slab->carved} * shape.object_bytes;
  slab->free = reinterpret_cast<FreeObject*>(object);
  for (uint32_t i = 1; i < count; ++i) {
    std::byte* next = object + shape.object_bytes;
    reinterpret_cast<FreeObject*>(object)->next =
        reinterpret_cast<FreeObject*>(next);
    object = next;
  }
  reinterpret_cast<FreeObject*>(object)->next = nullptr;
  slab->carved += count;
}

void Heap::OnCountdown(Granule* slab) {
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
  Bin& bin = bins_[slab->size_class];
  slab->state = GranuleState::kSlabPartial;
  if (bin.partial_count == kPartialSlabsMax && common_ != nullptr &&
      common_->TryLock()) {
    slab->owner.store(common_, std::memory_order_relaxed);
    common_->AddPartial(slab);
    common_->Unlock();
    return;
  }
  bin.partial.PushFront(slab);
  ++bin.partial_count;
}

void Heap::RemovePartial(Granule* slab) {
  Bin& bin = bins_[slab->size_class];
  bin.partial.Remove(slab);
  --bin.partial_count;
}

void Heap::AddEmpty(Granule* slab) {
  if (empty_bytes_ + SlabBytes(slab) > kEmptyBytesMax) {
    Release(slab);
    return;
  }
  slab->state = GranuleState::kSlabEmpty;
  empty_bytes_ += SlabBytes(slab);
  bins_[slab->size_class].empty.PushFront(slab);
}

void Heap::Release(Granule* slab) {
  slab->owner.store(NoHeap(), std::memory_order_relaxed);
  for (uint32_t i = 0; i < slab->run_granules; ++i) {
    slab[i].state = GranuleState::kNone;
  }
  pages_.Free(slab);
}

bool Heap::ReleaseEmptySlabs() {
  bool any = false;
  for (Bin& bin : bins_) {
    while (Granule* slab = bin.empty.PopFront()) {
      empty_bytes_ -= SlabBytes(slab);
      Release(slab);
      any = true;
    }
  }
  return any;
}

void Heap::Trim() {
  SendAll();
  DrainInbox();
  for (Granule*& slab : current_) {
    if (slab == &internal::no_slab || slab->countdown != 1) continue;
    Release(slab);  // Nothing in it is in use.
    slab = &internal::no_slab;
  }
  ReleaseEmptySlabs();
}

void Heap::FreeRemote(Heap* owner, void* object) {
  // Fibonacci hashing: few owners rarely share a batch.
  Batch& batch = batches_[reinterpret_cast<uintptr_t>(owner) *
                              uint64_t{0x9E3779B97F4A7C15} >>
                          (64 - std::countr_zero(kBatches))];
  if (batch.owner != owner) {
    Send(batch);
    batch.owner = owner;
  }
  FreeObject* freed = static_cast<FreeObject*>(object);
  freed->next = batch.first;
  if (batch.first == nullptr) batch.last = freed;
  batch.first = freed;
  if (++batch.count == kBatchObjectsMax) Send(batch);
}

void Heap::Send(Batch& batch) {
  if (batch.count == 0) return;
  FreeObject* first = batch.first;
  batch.first = nullptr;
  batch.count = 0;
  batch.owner->Receive(first, batch.last);
}

void Heap::SendAll() {
  for (Batch& batch : batches_) Send(batch);
}

void Heap::Push(FreeObject* first, FreeObject* last) {
  FreeObject* head = inbox_.load(std::memory_order_relaxed);
  do {
    last->next = head;
  } while (!inbox_.compare_exchange_weak(
      head, first, std::memory_order_release, std::memory_order_relaxed));
}

void Heap::Receive(FreeObject* first, FreeObject* last) {
  Push(first, last);
  // A heap that nobody holds would not look into its inbox.
  if (!TryLock()) return;
  DrainInbox();
  Unlock();
}

bool Heap::DrainInbox() {
  if (inbox_.load(std::memory_order_relaxed) == nullptr) return false;
  FreeObject* object = inbox_.exchange(nullptr, std::memory_order_acquire);
  while (object != nullptr) {
    FreeObject* next = object->next;
    Granule* slab = pages_.GranuleOf(object);
    slab -= slab->distance;
    Heap* owner = slab->owner.load(std::memory_order_relaxed);
    if (owner == this) {
      Free(slab, object);
    } else {
      // It was passed on after the object was sent here.
      owner->Push(object, object);
    }
    object = next;
  }
  return true;
}

}  // namespace ebbrt::mem
