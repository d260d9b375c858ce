// Store: the items of one server, under one memory limit, for all its cores.
//
// Reading (Find) takes no lock. Whoever changes something takes the lock of the
// key's stripe, by making a Store::Locked; a key always has the same stripe.
// Locks were chosen over owning keys by core because a request arrives at the
// core of its connection, and sending each store elsewhere and its outcome back
// costs more than a lock that is nearly always free.
//
// Eviction approximates LRU by CLOCK, per stripe: items stand in the order in
// which they came; the oldest goes, unless it was read since it was last looked
// at, which sends it to the end once more. Keys are spread over stripes by
// hash, so a stripe's order stands for that of all.
//
// Invariant: live bytes (items linked, or being received) are brought under
// limit - reserve after every store, and all bytes together, those still read
// or sent included, never exceed the limit: an item beyond it is refused. The
// reserve is for what is unlinked and waits for readers.
//
// Cores: any, in an event. Ownership: holds a reference to each linked item,
// given up one grace period after unlinking.
// Blocks: spins for another core's section. Allocates: items; the hash table.
// Bound: Options::memory_bytes; kEvictionsPerStore, kClockStepsMax.
// Errors: a null item where the limit allows none.
// Source: Corbato, "A paging experiment with the Multics system", 1968 (CLOCK).
#ifndef EBBRT_APPS_MEMCACHED_STORE_H_
#define EBBRT_APPS_MEMCACHED_STORE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "apps/memcached/hash_table.h"
#include "apps/memcached/item.h"
#include "core/base/intrusive_queue.h"
#include "core/base/spin_lock.h"
#include "core/base/types.h"

namespace ebbrt::memcached {

class Store {
 public:
  struct Options {
    size_t memory_bytes = 64 * kMiB;
    uint32_t core_count = 1;
    // Of the hash table, to begin with.
    size_t buckets = size_t{1} << 14;
  };

  static constexpr size_t kReserveBytesMin = 1 * kMiB;
  static constexpr size_t kReserveBytesMax = 64 * kMiB;
  // A store evicts at most so many items; each later one goes on.
  static constexpr uint32_t kEvictionsPerStore = 1024;
  // So many recently read items are passed over in search of a victim.
  static constexpr uint32_t kClockStepsMax = 64;
  static constexpr uint32_t kBucketsMovedPerStore = 8;

  // What the stripes count, together.
  struct Figures {
    uint64_t items = 0;
    uint64_t bytes = 0;
    uint64_t total_items = 0;
    uint64_t evictions = 0;
    uint64_t evicted_unfetched = 0;
    uint64_t reclaimed = 0;          // Found dead by eviction.
    uint64_t expired_unfetched = 0;
    uint64_t get_expired = 0;        // Found dead by a request.
    uint64_t get_flushed = 0;
    uint64_t table_bytes = 0;
    bool table_growing = false;
  };

  explicit Store(const Options& options);
  // REQUIRES: no event uses it any more.
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // An item to be filled and stored; evicts for it. Null if there is no room at
  // present. REQUIRES: the caller has no Locked.
  ItemRef NewItem(const Key& key, size_t value_bytes, uint32_t flags,
                  uint32_t expiry, uint32_t now);

  // The live item of a key, or null. Valid until the event ends; refer to it
  // (Ref) to keep it longer.
  Item* Find(const Key& key, uint32_t now) {
    Item* item = table_.Find(key);
    if (item == nullptr || Alive(*item, now)) [[likely]] return item;
    RemoveDead(key, now);
    return nullptr;
  }

  // Invalidates everything that is stored now, or that will be when `second`
  // has come; a later call replaces an earlier one that waits.
  void FlushNow();
  void FlushAt(uint32_t second);
  // A second has passed. Each core may call it.
  void Tick(uint32_t now);

  const ItemMemory& memory() const { return *memory_; }
  Figures figures();

  class Locked;

 private:
  struct alignas(kNoSharingBytes) Stripe {
    SpinLock lock;  // Guards all of it, and the stripe's chains.
    IntrusiveList<Item> clock;  // Oldest first.
    Figures figures;
  };
  // What a core has unlinked. While a grace period runs for one list, the other
  // one collects: so a core defers one event a grace period, not one an item.
  // Shared with that event, which may outlive the store.
  struct alignas(kNoSharingBytes) Retired {
    ~Retired();

    IntrusiveList<Item> lists[2];
    int collecting = 0;
    bool waiting = false;
  };

  bool Alive(const Item& item, uint32_t now) const {
    uint32_t expiry = item.expiry();
    return (expiry == 0 || expiry > now) && !Flushed(item);
  }
  bool Flushed(const Item& item) const {
    return item.cas() < flushed_below_.load(std::memory_order_relaxed);
  }
  // Relaxed: only uniqueness and order matter.
  uint64_t NextCas() { return cas_.fetch_add(1, std::memory_order_relaxed); }

  void RemoveDead(const Key& key, uint32_t now);
  // Under the stripe's lock.
  void Unlink(Stripe& stripe, Item* item);
  void Retire(Item* item);
  static void DeferFreeing(std::shared_ptr<Retired> retired);
  static void UnrefAll(IntrusiveList<Item>& items);

  // Both with no lock held. Eviction begins at the stripe.
  void Evict(size_t stripe, uint32_t now);
  bool EvictFrom(Stripe& stripe, uint32_t now);
  void GrowTable();

  ItemMemory* const memory_;
  const size_t live_bytes_max_;
  HashTable table_;
  std::array<Stripe, HashTable::kStripes> stripes_;
  std::vector<std::shared_ptr<Retired>> retired_;  // By core.

  // Read by every lookup, written by a flush.
  alignas(kNoSharingBytes) std::atomic<uint64_t> flushed_below_{0};
  std::atomic<uint32_t> flush_at_{0};
  // Written by every store.
  alignas(kNoSharingBytes) std::atomic<uint64_t> cas_{1};
};

// The right to change what is stored under one key, while it exists.
class Store::Locked {
 public:
  Locked(Store& store, const Key& key, uint32_t now);
  // Gives the lock back; then evicts and lets the table grow, if something was
  // stored.
  ~Locked();
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

  // The live item; null if there is none.
  Item* item() const { return item_; }

  // As Store::NewItem, but evicts only later.
  ItemRef NewItem(const Key& key, size_t value_bytes, uint32_t flags,
                  uint32_t expiry);

  // Stores `fresh` under the key, in place of whatever is there, with a new
  // cas. It becomes item(). REQUIRES: its key is that of this Locked.
  void Link(ItemRef fresh);
  // The same for a new value of the same item: it is not counted as an item
  // stored, and keeps the history of the one that it replaces.
  void LinkChanged(ItemRef fresh);
  // Takes the item out. REQUIRES: item() is not null.
  void Unlink();
  // Gives the item a new cas. REQUIRES: item() is not null.
  void RenewCas();

 private:
  void Exchange(ItemRef fresh);

  Store& store_;
  Stripe& stripe_;
  const size_t stripe_index_;
  const uint32_t now_;
  Item* item_;
  bool stored_ = false;
};

}  // namespace ebbrt::memcached

#endif  // EBBRT_APPS_MEMCACHED_STORE_H_
