#include "apps/memcached/hash_table.h"

#include <new>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/event/rcu.h"

namespace ebbrt::memcached {

Key::Key(std::string_view key)
    : text(key), hash(static_cast<uint32_t>(HashBytes(key))) {}

std::unique_ptr<HashTable::Array> HashTable::NewArray(size_t size) {
  auto array = std::unique_ptr<Array>(new (std::nothrow) Array(size));
  if (array == nullptr) return nullptr;
  array->memory.reset(new (std::nothrow) std::byte[size * sizeof(Bucket)]);
  if (array->memory == nullptr) return nullptr;
  array->buckets = reinterpret_cast<Bucket*>(array->memory.get());
  return array;
}

HashTable::HashTable(size_t buckets) {
  EBBRT_CHECK(buckets >= kStripes && buckets <= kBucketsMax &&
              (buckets & (buckets - 1)) == 0);
  std::unique_ptr<Array> array = NewArray(buckets);
  EBBRT_CHECK(array != nullptr);
  for (size_t i = 0; i < buckets; ++i) ::new (&array->buckets[i]) Bucket(0);
  array_.store(array.release(), std::memory_order_release);
}

HashTable::~HashTable() {
  Array* array = array_.load(std::memory_order_relaxed);
  delete array->next.load(std::memory_order_relaxed);
  delete array;
}

Item* HashTable::Find(const Key& key) const {
  Array* array = ReadArray();
  for (;;) {
    const Bucket& bucket = array->buckets[key.hash & array->mask];
    // Acquire, here and along the chain: the items' contents are seen.
    uintptr_t head = bucket.load(std::memory_order_acquire);
    if ((head & kMarks) == 0) [[likely]] {
      for (Item* item = ItemOf(head); item != nullptr;
           item = item->next_.load(std::memory_order_acquire)) {
        if (item->Matches(key.hash, key.text)) return item;
      }
      // If a chain pointer that was followed had been changed by a move, the
      // mark, which was set before, is seen here.
      if ((bucket.load(std::memory_order_acquire) & kMarks) == 0)
        return nullptr;
    } else if (head == kMoving) {
      __builtin_ia32_pause();
    } else {
      array = array->next.load(std::memory_order_acquire);
    }
  }
}

HashTable::Array* HashTable::WriteArray(uint32_t hash) {
  Array* array = ReadArray();
  while (Array* next = array->next.load(std::memory_order_acquire)) {
    size_t bucket = hash & array->mask;
    // Relaxed: marks change only under the lock that the caller holds.
    if (array->buckets[bucket].load(std::memory_order_relaxed) != kMoved) {
      MoveChain(*array, bucket);
    }
    array = next;
  }
  return array;
}

void HashTable::Insert(Item* item) {
  Array* array = WriteArray(item->hash_);
  Bucket& bucket = array->buckets[item->hash_ & array->mask];
  item->next_.store(ItemOf(bucket.load(std::memory_order_relaxed)),
                    std::memory_order_relaxed);
  // Release: a reader that finds the item sees what is in it.
  bucket.store(reinterpret_cast<uintptr_t>(item), std::memory_order_release);
}

void HashTable::Replace(Item* old, Item* item) {
  Array* array = WriteArray(old->hash_);
  Bucket& bucket = array->buckets[old->hash_ & array->mask];
  item->next_.store(old->next_.load(std::memory_order_relaxed),
                    std::memory_order_relaxed);
  Item* before = ItemOf(bucket.load(std::memory_order_relaxed));
  if (before == old) {
    bucket.store(reinterpret_cast<uintptr_t>(item), std::memory_order_release);
    return;
  }
  while (before->next_.load(std::memory_order_relaxed) != old) {
    before = before->next_.load(std::memory_order_relaxed);
  }
  before->next_.store(item, std::memory_order_release);
}

void HashTable::Remove(Item* item) {
  Array* array = WriteArray(item->hash_);
  Bucket& bucket = array->buckets[item->hash_ & array->mask];
  Item* next = item->next_.load(std::memory_order_relaxed);
  Item* before = ItemOf(bucket.load(std::memory_order_relaxed));
  if (before == item) {
    bucket.store(reinterpret_cast<uintptr_t>(next), std::memory_order_release);
    return;
  }
  while (before->next_.load(std::memory_order_relaxed) != item) {
    before = before->next_.load(std::memory_order_relaxed);
  }
  before->next_.store(next, std::memory_order_release);
}

void HashTable::StartGrowing() {
  if (growing_.exchange(true, std::memory_order_acq_rel)) return;
  Array* array = ReadArray();
  size_t size = array->mask + 1;
  std::unique_ptr<Array> next;
  if (size < kBucketsMax) next = NewArray(2 * size);
  if (next == nullptr) {
    growing_.store(false, std::memory_order_release);
    return;
  }
  array->next.store(next.release(), std::memory_order_release);
}

bool HashTable::NextToMove(size_t* bucket) {
  if (!growing()) return false;
  Array* array = ReadArray();
  // It may have been published as grown already, or not yet have a successor.
  if (array->next.load(std::memory_order_acquire) == nullptr) return false;
  *bucket = array->cursor.fetch_add(1, std::memory_order_relaxed);
  return *bucket <= array->mask;
}

void HashTable::MoveBucket(size_t bucket) {
  // By now the table may have grown and be growing again: then the number
  // stands for an older array's bucket, and moving the one of that number does
  // no harm.
  Array* array = ReadArray();
  if (array->next.load(std::memory_order_acquire) == nullptr) return;
  if (array->buckets[bucket].load(std::memory_order_relaxed) != kMoved) {
    MoveChain(*array, bucket);
  }
}

void HashTable::MoveChain(Array& from, size_t bucket) {
  Array& to = *from.next.load(std::memory_order_acquire);
  size_t size = from.mask + 1;
  Item* low = nullptr;
  Item* high = nullptr;
  // Set before any chain pointer changes, which are stored with release.
  Item* item = ItemOf(
      from.buckets[bucket].exchange(kMoving, std::memory_order_acq_rel));
  while (item != nullptr) {
    Item* next = item->next_.load(std::memory_order_relaxed);
    Item*& head = (item->hash_ & size) == 0 ? low : high;
    item->next_.store(head, std::memory_order_release);
    head = item;
    item = next;
  }
  ::new (&to.buckets[bucket]) Bucket(reinterpret_cast<uintptr_t>(low));
  ::new (&to.buckets[bucket + size]) Bucket(reinterpret_cast<uintptr_t>(high));
  // Release: who finds the mark finds the new buckets as they are now.
  from.buckets[bucket].store(kMoved, std::memory_order_release);
  if (from.moved.fetch_add(1, std::memory_order_acq_rel) + 1 == size) {
    FinishGrowing(&from);
  }
}

void HashTable::FinishGrowing(Array* old) {
  array_.store(old->next.load(std::memory_order_relaxed),
               std::memory_order_release);
  growing_.store(false, std::memory_order_release);
  // Readers may still hold the old array; they find every bucket moved.
  RcuRetire(old);
}

}  // namespace ebbrt::memcached
