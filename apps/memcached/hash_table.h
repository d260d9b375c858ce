// HashTable: finds items by key; reading takes no lock, and it grows while it
// is read and written.
//
// Buckets are chains through the items. While the table grows there are two
// arrays, the new one twice as long; buckets are moved one at a time:
//
//   old   | moved | moved | moving | chain | chain | ...
//            |  +----------+
//   new   | chain | ... | chain | ...      bucket b goes to b and b + old size
//
// Readers follow RCU (core/event/rcu.h): an item that was found stays valid
// until the event ends. A reader whose chain is moved under it may be led into
// another chain and miss; it notices, because a bucket is marked before its
// chain is touched, and looks again.
//
// Invariants:
//   1. The mark of a bucket goes from none over kMoving to kMoved, never back.
//   2. A bucket of the new array is read only once the old one is kMoved, and
//      until then is not even initialised: growing clears no memory.
//   3. An item that is taken out keeps its next pointer.
//   4. Arrays are at least kStripes long, so that the stripe of an item is that
//      of its bucket, in every array.
//
// Cores: Find from any core, in an event; what changes a chain is called under
// the lock of its stripe. Ownership: items are the caller's.
// Blocks: Find may spin while another core moves one chain.
// Allocates: an array when growing starts.
// Bound: kBucketsMax; beyond it chains get longer.
// Errors: no memory for an array: chains get longer.
// Source: Triplett, McKenney, Walpole, "Resizable, scalable, concurrent hash
// tables via relativistic programming", 2011, for the idea of resizing under
// readers.
#ifndef EBBRT_APPS_MEMCACHED_HASH_TABLE_H_
#define EBBRT_APPS_MEMCACHED_HASH_TABLE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "apps/memcached/item.h"

namespace ebbrt::memcached {

// A key and its hash, computed once for a request.
struct Key {
  explicit Key(std::string_view key);
  // Of an item, which keeps its hash.
  Key(std::string_view key, uint32_t known_hash)
      : text(key), hash(known_hash) {}

  std::string_view text;
  uint32_t hash;
};

class HashTable {
 public:
  static constexpr size_t kBucketsMax = size_t{1} << 30;
  // How many locks the writers share. A power of two.
  static constexpr size_t kStripes = 256;
  static size_t StripeOf(uint32_t hash) { return hash & (kStripes - 1); }

  // REQUIRES: `buckets` is a power of two, kStripes <= buckets <= kBucketsMax.
  explicit HashTable(size_t buckets);
  ~HashTable();
  HashTable(const HashTable&) = delete;
  HashTable& operator=(const HashTable&) = delete;

  // The item; null if there is none. Valid until the event ends.
  Item* Find(const Key& key) const;

  // REQUIRES, of these three: the lock of the stripe is held. `item` is not in
  // the table and its key is not; or `old` is, with the key of `item`.
  void Insert(Item* item);
  void Replace(Item* old, Item* item);
  void Remove(Item* item);

  // Starts to grow, unless it grows already. No lock is held.
  void StartGrowing();
  bool growing() const {
    return growing_.load(std::memory_order_relaxed);
  }
  // The bucket to move next, for MoveBucket under the lock of StripeOf(bucket);
  // a table that does not grow has none, and returns false.
  bool NextToMove(size_t* bucket);
  void MoveBucket(size_t bucket);

  size_t bucket_count() const { return ReadArray()->mask + 1; }

 private:
  // A bucket is the first item of its chain, or one of these.
  static constexpr uintptr_t kMoving = 1;
  static constexpr uintptr_t kMoved = 2;
  static constexpr uintptr_t kMarks = kMoving | kMoved;
  using Bucket = std::atomic<uintptr_t>;

  struct Array {
    explicit Array(size_t size) : mask(size - 1) {}

    const size_t mask;
    std::atomic<Array*> next{nullptr};
    std::atomic<size_t> cursor{0};  // The next bucket to be moved.
    std::atomic<size_t> moved{0};   // How many were.
    // Raw memory: see invariant 2.
    std::unique_ptr<std::byte[]> memory;
    Bucket* buckets = nullptr;
  };

  static std::unique_ptr<Array> NewArray(size_t size);
  static Item* ItemOf(uintptr_t bucket) {
    return reinterpret_cast<Item*>(bucket);
  }

  Array* ReadArray() const {
    // Acquire: pairs with the release that published the array.
    return array_.load(std::memory_order_acquire);
  }
  // The array that holds the chain of `hash` now; moves the chain there first
  // if it is not yet in the newest one.
  Array* WriteArray(uint32_t hash);
  void MoveChain(Array& from, size_t bucket);
  void FinishGrowing(Array* old);

  std::atomic<Array*> array_;
  std::atomic<bool> growing_{false};
};

}  // namespace ebbrt::memcached

#endif  // EBBRT_APPS_MEMCACHED_HASH_TABLE_H_
