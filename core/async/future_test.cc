#include "core/async/future.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/async/combinators.h"
#include "core/event/event_loop.h"
#include "core/testing/run_on_cores.h"
#include "platform/current.h"

namespace ebbrt {
namespace {

using std::chrono::microseconds;
using testing::RunOnCores;

TEST(Future, ThenRunsAtOnceIfTheValueIsThere) {
  RunOnCores(1, [] {
    bool ran = false;
    Future<int> doubled = ReadyFuture<int>(21).Then([&](int value) {
      ran = true;
      return 2 * value;
    });
    EXPECT_TRUE(ran);
    ASSERT_TRUE(doubled.ready());
    EXPECT_EQ(*doubled.Block(), 42);
  });
}

TEST(Future, BlockGivesTheCoreBack) {
  RunOnCores(1, [] {
    Promise<std::string> promise;
    Future<std::string> future = promise.GetFuture();
    Spawn([&] { promise.SetValue("later"); });
    EXPECT_FALSE(future.ready());
    EXPECT_EQ(*future.Block(), "later");
    EXPECT_FALSE(future.valid());
  });
}

TEST(Future, FlattensFuturesAndOutcomes) {
  RunOnCores(1, [] {
    Future<int> inner = ReadyFuture<int>(1).Then([](int value) {
      return Delay(microseconds(10)).Then([value] { return value + 1; });
    });
    EXPECT_EQ(*inner.Block(), 2);
    Future<int> outcome = ReadyFuture<int>(1).Then([](int) {
      return absl::StatusOr<int>(absl::NotFoundError("no"));
    });
    EXPECT_EQ(outcome.Block().status(), absl::NotFoundError("no"));
    Future<void> status =
        ReadyFuture<int>(1).Then([](int) { return absl::DataLossError("x"); });
    EXPECT_EQ(status.Block(), absl::DataLossError("x"));
  });
}

TEST(Future, AFailurePassesByValuesToTheFirstThatLooks) {
  RunOnCores(1, [] {
    int skipped = 0;
    Future<int> repaired =
        ReadyFuture<int>(absl::InternalError("broken"))
            .Then([&](int value) { return ++skipped + value; })
            .Then([&](int) { ++skipped; })
            .Then([](absl::Status status) {
              EXPECT_EQ(status.message(), "broken");
              return 7;
            });
    EXPECT_EQ(*repaired.Block(), 7);
    EXPECT_EQ(skipped, 0);
  });
}

TEST(Future, ADroppedPromiseCancels) {
  RunOnCores(2, [] {
    Future<int> future = Promise<int>().GetFuture();
    EXPECT_TRUE(absl::IsCancelled(future.Block().status()));
    // Also when it is dropped on another core.
    Promise<int> promise;
    Future<int> remote = promise.GetFuture();
    SpawnOn(CoreId(1), [dropped = std::move(promise)] {});
    EXPECT_TRUE(absl::IsCancelled(remote.Block().status()));
  });
}

TEST(Future, ADroppedFutureIsHarmless) {
  RunOnCores(2, [] {
    Promise<int> failed;
    static_cast<void>(failed.GetFuture());
    failed.SetOutcome(absl::InternalError("nobody looks"));
    Promise<int> remote;
    static_cast<void>(remote.GetFuture());
    auto done = Async(CoreId(1), [kept = std::move(remote)]() mutable {
      kept.SetValue(1);
    });
    EXPECT_TRUE(done.Block().ok());
  });
}

TEST(Future, ContinuationsRunAtHome) {
  RunOnCores(3, [] {
    Promise<std::unique_ptr<int>> promise;
    auto future = promise.GetFuture().Then([](std::unique_ptr<int> value) {
      EXPECT_EQ(Platform::CurrentCore(), CoreId(0));
      return *value;
    });
    SpawnOn(CoreId(2), [promise = std::move(promise)]() mutable {
      EXPECT_EQ(Platform::CurrentCore(), CoreId(2));
      promise.SetValue(std::make_unique<int>(9));
    });
    EXPECT_EQ(*future.Block(), 9);
  });
}

TEST(Future, ExceptionsBecomeStatuses) {
  RunOnCores(2, [] {
    Future<int> thrown = ReadyFuture<int>(1).Then(
        [](int) -> int { throw std::runtime_error("oh"); });
    EXPECT_EQ(thrown.Block().status(), absl::UnknownError("oh"));
    Future<int> remote =
        Async(CoreId(1), []() -> int { throw std::runtime_error("there"); });
    EXPECT_EQ(remote.Block().status(), absl::UnknownError("there"));
  });
}

Future<int> Sum(int n) {
  int sum = 0;
  for (int i = 1; i <= n; ++i) {
    absl::StatusOr<int> value =
        co_await Async(CoreId(i % Platform::CoreCount()), [i] { return i; });
    if (!value.ok()) co_return value.status();
    sum += *value;
  }
  co_return sum;
}

Future<void> Fails(std::shared_ptr<int> held) {
  absl::Status slept = co_await Delay(microseconds(10));
  if (!slept.ok()) co_return slept;
  if (*held == 1) throw std::logic_error("thrown in a coroutine");
  co_return absl::AbortedError("returned");
}

TEST(Coroutine, AwaitsFuturesOfOtherCores) {
  RunOnCores(3, [] { EXPECT_EQ(*Sum(100).Block(), 5050); });
}

TEST(Coroutine, ReturnsStatusesAndCatchesExceptions) {
  RunOnCores(1, [] {
    auto held = std::make_shared<int>(1);
    EXPECT_EQ(Fails(held).Block(), absl::UnknownError("thrown in a coroutine"));
    *held = 2;
    EXPECT_EQ(Fails(held).Block(), absl::AbortedError("returned"));
    EXPECT_EQ(held.use_count(), 1) << "the frame is gone";
  });
}

Future<int> FutureOfADroppedPromise() { return Promise<int>().GetFuture(); }

Future<int> AwaitsADroppedPromise() {
  absl::StatusOr<int> value = co_await FutureOfADroppedPromise();
  co_return absl::IsCancelled(value.status()) ? 1 : 0;
}

TEST(Coroutine, AwaitsReadyFuturesWithoutSuspending) {
  RunOnCores(1, [] {
    Future<int> result = AwaitsADroppedPromise();
    EXPECT_TRUE(result.ready());
    EXPECT_EQ(*result.Block(), 1);
  });
}

TEST(WhenAll, GathersOutcomesInOrder) {
  RunOnCores(4, [] {
    std::vector<Future<uint32_t>> futures;
    for (uint32_t i = 0; i < 4; ++i) {
      futures.push_back(
          Async(CoreId(3 - i), []() -> absl::StatusOr<uint32_t> {
            uint32_t core = Platform::CurrentCore().index();
            if (core == 2) return absl::UnavailableError("two");
            return core;
          }));
    }
    auto outcomes = WhenAll(std::move(futures)).Block();
    ASSERT_TRUE(outcomes.ok());
    ASSERT_EQ(outcomes->size(), 4u);
    EXPECT_EQ(*(*outcomes)[0], 3u);
    EXPECT_EQ((*outcomes)[1].status(), absl::UnavailableError("two"));
    EXPECT_EQ(*(*outcomes)[3], 0u);
    EXPECT_TRUE(WhenAll(std::vector<Future<int>>()).Block()->empty());
  });
}

TEST(WhenAny, GivesTheFirst) {
  RunOnCores(1, [] {
    std::vector<Future<void>> futures;
    futures.push_back(Delay(std::chrono::milliseconds(20)));
    futures.push_back(Delay(microseconds(50)));
    auto first = WhenAny(std::move(futures)).Block();
    ASSERT_TRUE(first.ok());
    EXPECT_EQ(first->index, 1u);
    EXPECT_TRUE(first->outcome.ok());
    EXPECT_TRUE(Delay(std::chrono::milliseconds(25)).Block().ok());
  });
}

// Many events that block, delay and hand values around, in a seeded order.
TEST(Future, SeededStorm) {
  RunOnCores(4, [] {
    std::mt19937_64 random(testing::Seed());
    std::vector<Future<uint64_t>> all;
    uint64_t expected = 0;
    for (int i = 0; i < 500; ++i) {
      CoreId core(random() % 4), other(random() % 4);
      uint64_t value = random() % 1000;
      Duration delay = microseconds(random() % 300);
      expected += value;
      all.push_back(Async(core, [=] {
        if (value % 2 == 0) (void)Delay(delay).Block();
        return Async(other, [=] {
          return Delay(delay).Then([value] { return value; });
        });
      }));
    }
    uint64_t sum = 0;
    auto outcomes = WhenAll(std::move(all)).Block();
    for (auto& outcome : *outcomes) sum += outcome.value();
    EXPECT_EQ(sum, expected);
  });
}

}  // namespace
}  // namespace ebbrt
