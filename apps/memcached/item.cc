#include "apps/memcached/item.h"

#include <cstring>
#include <new>

#include "core/base/check.h"

namespace ebbrt::memcached {

ItemMemory* ItemMemory::Create(size_t bytes_max) {
  return new ItemMemory(bytes_max);
}

bool ItemMemory::Allocate(size_t bytes) {
  size_t allocated =
      allocated_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  if (allocated > bytes_max_) {
    allocated_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  live_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  users_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void ItemMemory::Free(size_t bytes) {
  allocated_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  Unref();
}

void ItemMemory::Unref() {
  // Acquire and release: whoever comes last has seen what the others did.
  if (users_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

Item::Item(ItemMemory& memory, uint32_t hash, uint8_t key_bytes,
           uint32_t value_bytes, uint32_t flags, uint32_t expiry)
    : IOBufOwner(&Item::Release),
      hash_(hash),
      expiry_(expiry),
      flags_(flags),
      value_bytes_(value_bytes),
      key_bytes_(key_bytes),
      memory_(&memory) {}

size_t Item::BytesFor(size_t key_bytes, size_t value_bytes) {
  constexpr size_t kRounding = 16;
  size_t bytes = sizeof(Item) + key_bytes + value_bytes + 2;
  return (bytes + kRounding - 1) / kRounding * kRounding;
}

ItemRef Item::Create(ItemMemory& memory, std::string_view key, uint32_t hash,
                     size_t value_bytes, uint32_t flags, uint32_t expiry) {
  EBBRT_CHECK(key.size() <= kKeyBytesMax);
  size_t bytes = BytesFor(key.size(), value_bytes);
  if (!memory.Allocate(bytes)) return ItemRef();
  void* block = ::operator new(bytes, std::nothrow);
  if (block == nullptr) {
    memory.live_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    memory.Free(bytes);
    return ItemRef();
  }
  Item* item = ::new (block)
      Item(memory, hash, static_cast<uint8_t>(key.size()),
           static_cast<uint32_t>(value_bytes), flags, expiry);
  std::memcpy(item->mutable_text(), key.data(), key.size());
  std::memcpy(item->mutable_value() + value_bytes, "\r\n", 2);
  return ItemRef(item);
}

void Item::Retire() {
  retired_ = true;
  memory_->live_bytes_.fetch_sub(bytes(), std::memory_order_relaxed);
}

void Item::Release(IOBufOwner* owner) {
  Item* item = static_cast<Item*>(owner);
  ItemMemory* memory = item->memory_;
  size_t bytes = item->bytes();
  if (!item->retired_) {
    memory->live_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  }
  item->~Item();
  ::operator delete(static_cast<void*>(item));
  memory->Free(bytes);
}

}  // namespace ebbrt::memcached
