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

void Heap::FreeRemote(Heap* owner, void* object) {
  // Fibonacci hashing: few owners rarely share an entry.
  Outgoing& outgoing = outgoing_[reinterpret_cast<uintptr_t>(owner) *
                                     uint64_t{0x9E3779B97F4A7C15} >>
                                 (64 - std::countr_zero(kBatches))];
  if (outgoing.owner != owner) {
    Send(outgoing);
    outgoing.owner = owner;
  }
  if (outgoing.batch == nullptr) {
    auto* batch = static_cast<RemoteBatch*>(Allocate(kBatchSizeClass));
    if (batch == nullptr) {
      owner->Receive(static_cast<FreeObject*>(object));
      return;
    }
    batch->count = 0;
    outgoing.batch = batch;
  }
  RemoteBatch* batch = outgoing.batch;
  batch->objects[batch->count++] = object;
  if (batch->count == RemoteBatch::kObjectsMax) Send(outgoing);
}

void Heap::Send(Outgoing& outgoing) {
  RemoteBatch* batch = std::exchange(outgoing.batch, nullptr);
  if (batch != nullptr) outgoing.owner->Receive(batch);
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

void Heap::DrainInbox() {
  // Nothing here allocates or sends, so that it may be called from both.
  RemoteBatch* batch = TakeAll(inbox_);
  while (batch != nullptr) {
    for (uint32_t i = 0; i < batch->count; ++i) {
      if (i + kPrefetchDistance < batch->count) {
        __builtin_prefetch(batch->objects[i + kPrefetchDistance], 1);
      }
      FreeReceived(batch->objects[i]);
    }
    FreeBatch(std::exchange(batch, batch->next));
  }
  FreeObject* object = TakeAll(loose_inbox_);
  while (object != nullptr) FreeReceived(std::exchange(object, object->next));
}

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

void Heap::FreeBatch(RemoteBatch* batch) {
  if (bins_[kBatchSizeClass].room != 0) {
    Free(pages_.GranuleOf(batch), batch);
  } else {
    FreeReceived(batch);
  }
}

}  // namespace ebbrt::mem
