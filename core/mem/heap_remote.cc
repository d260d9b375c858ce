// How objects get from the heap that frees them to that of their slab.
#include <atomic>
#include <bit>
#include <utility>

#include "core/base/check.h"
#include "core/mem/heap.h"

namespace ebbrt::mem {
namespace {

constexpr SizeClass kBatchSizeClass = ComputeSizeClass(sizeof(RemoteBatch));

// So many objects ahead, a received object is fetched: the other core may have
// its cache line.
constexpr uint32_t kPrefetchDistance = 8;

template <typename T>
void PushOn(std::atomic<T*>& stack, T* element) {
  T* head = stack.load(std::memory_order_relaxed);
  do {
    element->next = head;
  } while (!stack.compare_exchange_weak(
      head, element, std::memory_order_release, std::memory_order_relaxed));
}

template <typename T>
T* TakeAll(std::atomic<T*>& stack) {
  if (stack.load(std::memory_order_relaxed) == nullptr) return nullptr;
  return stack.exchange(nullptr, std::memory_order_acquire);
}

}  // namespace

void Heap::FreeSlow(Granule* granule, void* object) noexcept {
  if (granule->state == GranuleState::kLarge) {
    granule->state = GranuleState::kNone;
    return pages_.Free(granule);
  }
  // What is freed twice, or was never allocated, is mostly found here.
  EBBRT_CHECK(granule->size_class != kNoSizeClass);
  Granule* slab = granule - granule->distance;
  Heap* owner = slab->owner.load(std::memory_order_relaxed);
  if (owner == this) {
    Put(slab, object);
  } else {
    FreeRemote(owner, object);
  }
}

inline void Heap::FreeRemote(Heap* owner, void* object) {
  // Fibonacci hashing: few owners rarely share an entry.
  Outgoing& outgoing = outgoing_[reinterpret_cast<uintptr_t>(owner) *
                                     uint64_t{0x9E3779B97F4A7C15} >>
                                 (64 - std::countr_zero(kBatches))];
  RemoteBatch* batch = outgoing.batch;
  if (batch == nullptr || outgoing.owner != owner) [[unlikely]] {
    batch = StartBatch(outgoing, owner);
    if (batch == nullptr) {
      return owner->Receive(static_cast<FreeObject*>(object));
    }
  }
  batch->objects[batch->count++] = object;
  if (batch->count == RemoteBatch::kObjectsMax) [[unlikely]] Send(outgoing);
}

RemoteBatch* Heap::StartBatch(Outgoing& outgoing, Heap* owner) {
  Send(outgoing);
  auto* batch = static_cast<RemoteBatch*>(Allocate(kBatchSizeClass));
  if (batch != nullptr) batch->count = 0;
  outgoing = {owner, batch};
  return batch;
}

void Heap::Send(Outgoing& outgoing) {
  RemoteBatch* batch = std::exchange(outgoing.batch, nullptr);
  if (batch != nullptr) outgoing.owner->Receive(batch);
}

void Heap::SendAll() {
  for (Outgoing& outgoing : outgoing_) Send(outgoing);
}

void Heap::Receive(RemoteBatch* batch) {
  PushOn(inbox_, batch);
  // A heap that nobody holds would not look into its inbox.
  if (!TryLock()) return;
  DrainInbox();
  Unlock();
}

void Heap::Receive(FreeObject* object) {
  PushOn(loose_inbox_, object);
  if (!TryLock()) return;
  DrainInbox();
  Unlock();
}

RemoteBatch* Heap::NextReceived() {
  if (received_ == nullptr) received_ = TakeAll(inbox_);
  RemoteBatch* batch = received_;
  if (batch != nullptr) received_ = batch->next;
  return batch;
}

// Nothing from here on allocates or sends, so that both may call it.
Heap::Objects Heap::TakeReceived(SizeClass size_class) {
  FreeObject* object = TakeAll(loose_inbox_);
  while (object != nullptr) FreeReceived(std::exchange(object, object->next));
  // Ends: each turn uses up a batch, and nothing here makes one.
  while (RemoteBatch* batch = NextReceived()) {
    Objects objects = TakeFrom(batch, size_class);
    FreeReceived(batch);  // It goes home itself, to the sender.
    if (objects.first != nullptr) return objects;
  }
  return {};
}

Heap::Objects Heap::TakeFrom(RemoteBatch* batch, SizeClass size_class) {
  Objects objects;
  for (uint32_t i = 0; i < batch->count; ++i) {
    if (i + kPrefetchDistance < batch->count) {
      __builtin_prefetch(batch->objects[i + kPrefetchDistance], 1);
    }
    void* object = batch->objects[i];
    if (pages_.GranuleOf(object)->size_class != size_class) {
      FreeReceived(object);
      continue;
    }
    FreeObject* taken = static_cast<FreeObject*>(object);
    taken->next = objects.first;
    objects.first = taken;
    ++objects.count;
  }
  return objects;
}

void Heap::DrainInbox() { TakeReceived(kNoSizeClass); }

void Heap::FreeReceived(void* object) {
  Granule* granule = pages_.GranuleOf(object);
  Granule* slab = granule - granule->distance;
  Heap* owner = slab->owner.load(std::memory_order_relaxed);
  if (owner == this) {
    Put(slab, object);
  } else {
    // The slab was passed on after the object was sent here.
    PushOn(owner->loose_inbox_, static_cast<FreeObject*>(object));
  }
}

}  // namespace ebbrt::mem
