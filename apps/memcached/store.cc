#include "apps/memcached/store.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "core/base/check.h"
#include "core/event/rcu.h"
#include "platform/current.h"

namespace ebbrt::memcached {
namespace {

size_t LiveBytesMax(size_t memory_bytes) {
  size_t reserve = std::clamp(memory_bytes / 16, Store::kReserveBytesMin,
                              Store::kReserveBytesMax);
  return memory_bytes - std::min(reserve, memory_bytes / 2);
}

}  // namespace

Store::Store(const Options& options)
    : memory_(ItemMemory::Create(options.memory_bytes)),
      live_bytes_max_(LiveBytesMax(options.memory_bytes)),
      table_(options.buckets) {
  for (uint32_t i = 0; i < options.core_count; ++i) {
    retired_.push_back(std::make_shared<Retired>());
  }
}

Store::~Store() {
  for (Stripe& stripe : stripes_) UnrefAll(stripe.clock);
  memory_->Release();
}

Store::Retired::~Retired() {
  for (IntrusiveList<Item>& list : lists) UnrefAll(list);
}

void Store::UnrefAll(IntrusiveList<Item>& items) {
  while (Item* item = items.PopFront()) item->Unref();
}

ItemRef Store::NewItem(const Key& key, size_t value_bytes, uint32_t flags,
                       uint32_t expiry, uint32_t now) {
  ItemRef item = Item::Create(*memory_, key.text, key.hash, value_bytes, flags,
                              expiry);
  Evict(HashTable::StripeOf(key.hash), now);
  return item;
}

void Store::FlushNow() {
  flush_at_.store(0, std::memory_order_relaxed);
  flushed_below_.store(NextCas() + 1, std::memory_order_relaxed);
}

void Store::FlushAt(uint32_t second) {
  flush_at_.store(second, std::memory_order_relaxed);
}

void Store::Tick(uint32_t now) {
  uint32_t second = flush_at_.load(std::memory_order_relaxed);
  if (second == 0 || now < second) return;
  // Of several cores, one flushes.
  if (flush_at_.compare_exchange_strong(second, 0,
                                        std::memory_order_relaxed)) {
    FlushNow();
  }
}

Store::Figures Store::figures() {
  Figures sum;
  for (Stripe& stripe : stripes_) {
    std::scoped_lock guard(stripe.lock);
    const Figures& one = stripe.figures;
    sum.items += one.items;
    sum.bytes += one.bytes;
    sum.total_items += one.total_items;
    sum.evictions += one.evictions;
    sum.evicted_unfetched += one.evicted_unfetched;
    sum.reclaimed += one.reclaimed;
    sum.expired_unfetched += one.expired_unfetched;
    sum.get_expired += one.get_expired;
    sum.get_flushed += one.get_flushed;
  }
  sum.table_bytes = table_.bucket_count() * sizeof(void*);
  sum.table_growing = table_.growing();
  return sum;
}

void Store::Unlink(Stripe& stripe, Item* item) {
  table_.Remove(item);
  --stripe.figures.items;
  stripe.figures.bytes -= item->bytes();
  Retire(item);
}

void Store::Retire(Item* item) {
  item->ListLink::Unlink();
  item->Retire();
  const std::shared_ptr<Retired>& retired =
      retired_[Platform::CurrentCore().index()];
  retired->lists[retired->collecting].PushBack(item);
  if (!retired->waiting) DeferFreeing(retired);
}

void Store::DeferFreeing(std::shared_ptr<Retired> retired) {
  retired->waiting = true;
  retired->collecting ^= 1;
  RcuDefer([retired = std::move(retired)] {
    UnrefAll(retired->lists[retired->collecting ^ 1]);
    retired->waiting = false;
    if (!retired->lists[retired->collecting].empty()) DeferFreeing(retired);
  });
}

void Store::RemoveDead(const Key& key, uint32_t now) {
  Locked locked(*this, key, now);
}

void Store::Evict(size_t stripe, uint32_t now) {
  uint32_t evicted = 0;
  uint32_t empty_stripes = 0;
  while (memory_->live_bytes() > live_bytes_max_ &&
         evicted < kEvictionsPerStore &&
         empty_stripes < HashTable::kStripes) {
    if (EvictFrom(stripes_[stripe], now)) {
      ++evicted;
    } else {
      ++empty_stripes;
    }
    stripe = (stripe + 1) % HashTable::kStripes;
  }
}

bool Store::EvictFrom(Stripe& stripe, uint32_t now) {
  std::scoped_lock guard(stripe.lock);
  Item* item = stripe.clock.front();
  if (item == nullptr) return false;
  for (uint32_t step = 0; step < kClockStepsMax; ++step) {
    if (!Alive(*item, now) || !item->TakeVisited()) break;
    item->ListLink::Unlink();
    stripe.clock.PushBack(item);
    item = stripe.clock.front();
  }
  if (Alive(*item, now)) {
    ++stripe.figures.evictions;
    if (!item->fetched()) ++stripe.figures.evicted_unfetched;
  } else {
    ++stripe.figures.reclaimed;
    if (!item->fetched()) ++stripe.figures.expired_unfetched;
  }
  Unlink(stripe, item);
  return true;
}

void Store::GrowTable() {
  for (uint32_t i = 0; i < kBucketsMovedPerStore; ++i) {
    size_t bucket;
    if (!table_.NextToMove(&bucket)) return;
    std::scoped_lock guard(stripes_[HashTable::StripeOf(bucket)].lock);
    table_.MoveBucket(bucket);
  }
}

Store::Locked::Locked(Store& store, const Key& key, uint32_t now)
    : store_(store),
      stripe_(store.stripes_[HashTable::StripeOf(key.hash)]),
      stripe_index_(HashTable::StripeOf(key.hash)),
      now_(now) {
  stripe_.lock.lock();
  item_ = store_.table_.Find(key);
  if (item_ == nullptr || store_.Alive(*item_, now)) return;
  if (store_.Flushed(*item_)) {
    ++stripe_.figures.get_flushed;
  } else {
    ++stripe_.figures.get_expired;
  }
  Unlink();
}

Store::Locked::~Locked() {
  // More items than buckets; one stripe stands for all.
  bool crowded = stripe_.figures.items * HashTable::kStripes >
                 store_.table_.bucket_count();
  stripe_.lock.unlock();
  if (!stored_) return;
  if (crowded) store_.table_.StartGrowing();
  store_.GrowTable();
  store_.Evict(stripe_index_, now_);
}

ItemRef Store::Locked::NewItem(const Key& key, size_t value_bytes,
                               uint32_t flags, uint32_t expiry) {
  return Item::Create(*store_.memory_, key.text, key.hash, value_bytes, flags,
                      expiry);
}

void Store::Locked::Link(ItemRef fresh) {
  fresh->ResetMarks(now_);
  ++stripe_.figures.total_items;
  Exchange(std::move(fresh));
}

void Store::Locked::LinkChanged(ItemRef fresh) {
  fresh->CopyMarks(*item_);
  fresh->CopyState(*item_);
  Exchange(std::move(fresh));
}

void Store::Locked::Exchange(ItemRef fresh) {
  Item* item = fresh.Take();
  item->set_cas(store_.NextCas());
  stripe_.figures.bytes += item->bytes();
  if (item_ == nullptr) {
    store_.table_.Insert(item);
    ++stripe_.figures.items;
  } else {
    store_.table_.Replace(item_, item);
    stripe_.figures.bytes -= item_->bytes();
    store_.Retire(item_);
  }
  stripe_.clock.PushBack(item);
  item_ = item;
  stored_ = true;
}

void Store::Locked::Unlink() {
  store_.Unlink(stripe_, item_);
  item_ = nullptr;
}

void Store::Locked::RenewCas() { item_->set_cas(store_.NextCas()); }

}  // namespace ebbrt::memcached
