#include "apps/memcached/store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/async/combinators.h"
#include "core/async/future.h"
#include "core/base/random.h"
#include "core/event/event_loop.h"
#include "core/event/rcu.h"
#include "core/testing/run_on_cores.h"
#include "platform/current.h"

namespace ebbrt::memcached {
namespace {

using ebbrt::testing::RunOnCores;

constexpr uint32_t kNow = 100;

bool Put(Store& store, std::string_view key, std::string_view value,
         uint32_t expiry = 0, uint32_t now = kNow) {
  Key hashed(key);
  ItemRef item = store.NewItem(hashed, value.size(), 0, expiry, now);
  if (!item) return false;
  std::memcpy(item->mutable_value(), value.data(), value.size());
  Store::Locked locked(store, hashed, now);
  locked.Link(std::move(item));
  return true;
}

std::string Look(Store& store, std::string_view key, uint32_t now = kNow) {
  Item* item = store.Find(Key(key), now);
  return item == nullptr ? "(none)" : std::string(item->value());
}

bool Drop(Store& store, std::string_view key) {
  Store::Locked locked(store, Key(key), kNow);
  if (locked.item() == nullptr) return false;
  locked.Unlink();
  return true;
}

std::string Name(size_t number) { return "key" + std::to_string(number); }

// Lets a grace period pass, and what was deferred before it run.
void AwaitGracePeriods() {
  for (int i = 0; i < 3; ++i) {
    Promise<void> promise;
    Future<void> passed = promise.GetFuture();
    RcuDefer([promise = std::move(promise)]() mutable { promise.SetValue(); });
    ASSERT_TRUE(std::move(passed).Block().ok());
  }
}

TEST(StoreTest, StoresReplacesAndRemoves) {
  RunOnCores(1, [] {
    Store store({});
    EXPECT_EQ(Look(store, "a"), "(none)");
    EXPECT_TRUE(Put(store, "a", "1"));
    EXPECT_TRUE(Put(store, "b", "2"));
    EXPECT_EQ(Look(store, "a"), "1");
    EXPECT_TRUE(Put(store, "a", "other"));
    EXPECT_EQ(Look(store, "a"), "other");
    EXPECT_TRUE(Drop(store, "a"));
    EXPECT_FALSE(Drop(store, "a"));
    EXPECT_EQ(Look(store, "a"), "(none)");
    EXPECT_EQ(Look(store, "b"), "2");
    EXPECT_EQ(store.figures().items, 1u);
    EXPECT_EQ(store.figures().total_items, 3u);
  });
}

TEST(StoreTest, AnItemThatIsReadOutlivesItsRemoval) {
  RunOnCores(1, [] {
    Store store({});
    ASSERT_TRUE(Put(store, "a", "1"));
    Item* item = store.Find(Key("a"), kNow);
    ASSERT_NE(item, nullptr);
    item->Ref();
    ItemRef lent(item);
    ASSERT_TRUE(Drop(store, "a"));
    AwaitGracePeriods();
    EXPECT_EQ(lent->value(), "1");
    EXPECT_EQ(store.memory().item_count(), 1u);
    EXPECT_EQ(store.memory().live_bytes(), 0u);
    EXPECT_GT(store.memory().allocated_bytes(), 0u);
    lent.Reset();
    EXPECT_EQ(store.memory().item_count(), 0u);
    EXPECT_EQ(store.memory().allocated_bytes(), 0u);
  });
}

TEST(StoreTest, AnItemMayOutliveTheStore) {
  RunOnCores(1, [] {
    auto store = std::make_unique<Store>(Store::Options{});
    ASSERT_TRUE(Put(*store, "a", "1"));
    Item* item = store->Find(Key("a"), kNow);
    item->Ref();
    ItemRef lent(item);
    store.reset();
    EXPECT_EQ(lent->value(), "1");
  });
}

TEST(StoreTest, DeadItemsAreNotFoundAndGo) {
  RunOnCores(1, [] {
    Store store({});
    ASSERT_TRUE(Put(store, "a", "1", /*expiry=*/kNow + 5));
    EXPECT_EQ(Look(store, "a", kNow + 4), "1");
    EXPECT_EQ(Look(store, "a", kNow + 5), "(none)");
    EXPECT_EQ(store.figures().items, 0u);
    EXPECT_EQ(store.figures().get_expired, 1u);
    ASSERT_TRUE(Put(store, "b", "1"));
    store.FlushNow();
    ASSERT_TRUE(Put(store, "c", "1"));
    EXPECT_EQ(Look(store, "b"), "(none)");
    EXPECT_EQ(Look(store, "c"), "1");
    EXPECT_EQ(store.figures().get_flushed, 1u);
  });
}

TEST(StoreTest, TheLimitHolds) {
  RunOnCores(1, [] {
    constexpr size_t kLimit = 8 * kMiB;
    Store store({.memory_bytes = kLimit});
    std::string value(1000, 'x');
    for (size_t i = 0; i < 50'000; ++i) {
      ASSERT_TRUE(Put(store, Name(i), value)) << i;
      ASSERT_LE(store.memory().allocated_bytes(), kLimit);
      // Each request is an event of its own.
      if (i % 64 == 0) AwaitGracePeriods();
    }
    Store::Figures figures = store.figures();
    EXPECT_GT(figures.evictions, 40'000u);
    EXPECT_EQ(figures.items + figures.evictions, 50'000u);
    // And what may be used is used.
    EXPECT_GT(figures.bytes, kLimit * 3 / 4);
    EXPECT_EQ(Look(store, Name(49'999)), value);
  });
}

TEST(StoreTest, WhatIsReadStays) {
  RunOnCores(1, [] {
    Store store({.memory_bytes = 8 * kMiB});
    std::string value(1000, 'x');
    constexpr size_t kHot = 500;
    for (size_t i = 0; i < kHot; ++i) {
      ASSERT_TRUE(Put(store, "hot" + Name(i), value));
    }
    uint32_t now = kNow;
    for (size_t i = 0; i < 30'000; ++i) {
      ASSERT_TRUE(Put(store, Name(i), value));
      if (i % 64 == 0) AwaitGracePeriods();
      if (i % 1000 != 0) continue;
      ++now;
      for (size_t j = 0; j < kHot; ++j) {
        Item* item = store.Find(Key("hot" + Name(j)), now);
        if (item != nullptr) item->Touch(now);
      }
    }
    size_t kept = 0;
    for (size_t i = 0; i < kHot; ++i) {
      if (store.Find(Key("hot" + Name(i)), now) != nullptr) ++kept;
    }
    EXPECT_GT(kept, kHot * 9 / 10);
  });
}

TEST(StoreTest, AnItemBeyondTheLimitIsRefused) {
  RunOnCores(1, [] {
    Store store({.memory_bytes = 8 * kMiB});
    // Being received, and so out of eviction's reach.
    std::vector<ItemRef> uploads;
    for (size_t i = 0; i < 20; ++i) {
      ItemRef item = store.NewItem(Key(Name(i)), 1 * kMiB, 0, 0, kNow);
      if (!item) break;
      uploads.push_back(std::move(item));
    }
    EXPECT_EQ(uploads.size(), 7u);
    uploads.clear();
    EXPECT_EQ(store.memory().allocated_bytes(), 0u);
    EXPECT_TRUE(Put(store, "a", "1"));
  });
}

TEST(StoreTest, GrowsWhileItIsFilled) {
  RunOnCores(1, [] {
    Store store({.buckets = HashTable::kStripes});
    constexpr size_t kItems = 20'000;
    for (size_t i = 0; i < kItems; ++i) {
      ASSERT_TRUE(Put(store, Name(i), std::to_string(i)));
      // The newest, and one at random whose bucket may have been moved.
      ASSERT_EQ(Look(store, Name(i)), std::to_string(i));
      size_t other = i * 7919 % (i + 1);
      ASSERT_EQ(Look(store, Name(other)), std::to_string(other));
    }
    EXPECT_GE(store.figures().table_bytes, kItems / 2 * sizeof(void*));
    for (size_t i = 0; i < kItems; ++i) ASSERT_TRUE(Drop(store, Name(i)));
    EXPECT_EQ(store.figures().items, 0u);
    EXPECT_EQ(store.figures().bytes, 0u);
    AwaitGracePeriods();
    EXPECT_EQ(store.memory().allocated_bytes(), 0u);
  });
}

// Readers, writers and growth at once: what was stored and never removed is
// always found, with a value of its own key.
struct Storm {
  explicit Storm(uint32_t cores)
      : store({.memory_bytes = 256 * kMiB,
               .core_count = cores,
               .buckets = HashTable::kStripes}) {}

  static constexpr size_t kSteady = 2000;
  static constexpr size_t kEventsPerCore = 2000;
  static constexpr size_t kStepsPerEvent = 16;

  Store store;
  std::atomic<size_t> wrong{0};
};

void CheckSteady(Storm& storm, Random& random) {
  std::string name = Name(random.Below(Storm::kSteady));
  Item* item = storm.store.Find(Key(name), kNow);
  if (item == nullptr || !item->value().starts_with(name + "=")) {
    storm.wrong.fetch_add(1, std::memory_order_relaxed);
  }
}

Future<void> Rage(Storm& storm, uint32_t core) {
  Random random(ebbrt::testing::Seed() + core);
  size_t fresh = 0;
  for (size_t event = 0; event < Storm::kEventsPerCore; ++event) {
    for (size_t step = 0; step < Storm::kStepsPerEvent; ++step) {
      CheckSteady(storm, random);
      std::string own =
          "core" + std::to_string(core) + Name(fresh++);
      Put(storm.store, own, own);
      if (fresh % 3 == 0) Drop(storm.store, own);
      std::string steady = Name(random.Below(Storm::kSteady));
      Put(storm.store, steady, steady + "=" + std::to_string(fresh));
    }
    // A boundary between events.
    static_cast<void>(co_await Async(CoreId(core), [] {}));
  }
  co_return absl::OkStatus();
}

TEST(StoreTest, GrowsUnderReadersAndWriters) {
  constexpr uint32_t kCores = 2;
  RunOnCores(kCores, [] {
    Storm storm(kCores);
    for (size_t i = 0; i < Storm::kSteady; ++i) {
      ASSERT_TRUE(Put(storm.store, Name(i), Name(i) + "="));
    }
    size_t buckets_before = storm.store.figures().table_bytes;
    std::vector<Future<void>> cores;
    for (uint32_t i = 0; i < kCores; ++i) {
      cores.push_back(
          Async(CoreId(i), [&storm, i] { return Rage(storm, i); }));
    }
    ASSERT_TRUE(WhenAll(std::move(cores)).Block().ok());
    EXPECT_EQ(storm.wrong.load(), 0u);
    EXPECT_GT(storm.store.figures().table_bytes, 4 * buckets_before);
    EXPECT_EQ(storm.store.figures().evictions, 0u);
  });
}

}  // namespace
}  // namespace ebbrt::memcached
