#include "core/event/event_loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/event/node.h"
#include "core/event/timer.h"
#include "core/testing/require.h"
#include "core/testing/run_on_cores.h"
#include "platform/current.h"

namespace ebbrt {
namespace {

using testing::RunOnCores;

// Blocks the calling event until `count` has come down to zero.
class Countdown {
 public:
  explicit Countdown(int count) : count_(count) {}
  void Done() {
    if (count_.fetch_sub(1) == 1) ActivateContext(context_);
  }
  void Wait() { ASSERT_TRUE(SaveContext(context_)); }

 private:
  std::atomic<int> count_;
  EventContext context_;
};

TEST(EventLoop, RunsEventsInOrder) {
  RunOnCores(1, [] {
    std::vector<int> order;
    Countdown done(1);
    for (int i = 0; i < 5; ++i) Spawn([&order, i] { order.push_back(i); });
    Spawn([&] { done.Done(); });
    EXPECT_TRUE(order.empty()) << "an event is not preempted";
    done.Wait();
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
  });
}

TEST(EventLoop, SpawnsOnEveryCore) {
  RunOnCores(4, [] {
    std::atomic<uint32_t> wrong{0};
    Countdown done(4);
    for (uint32_t i = 0; i < 4; ++i) {
      SpawnOn(CoreId(i), [&wrong, &done, i] {
        if (Platform::CurrentCore() != CoreId(i)) ++wrong;
        done.Done();
      });
    }
    done.Wait();
    EXPECT_EQ(wrong, 0u);
  });
}

TEST(EventLoop, LosesNoneOfManyRemoteEvents) {
  RunOnCores(2, [] {
    constexpr int kEvents = 100000;
    static_assert(kEvents > 10 * EventLoop::kPooledEventsMax);
    int received = 0;  // Core 1 only.
    Countdown done(1);
    for (int i = 0; i < kEvents; ++i) {
      SpawnOn(CoreId(1), [&received, &done, i] {
        EXPECT_EQ(received, i) << "the events of one core keep their order";
        if (++received == kEvents) done.Done();
      });
    }
    done.Wait();
  });
}

TEST(EventLoop, PingPongsBetweenCores) {
  RunOnCores(2, [] {
    struct Game {
      int left = 20000;
      Countdown done{1};
      void Serve() {
        if (--left == 0) {
          done.Done();
          return;
        }
        SpawnOn(CoreId(left % 2), [this] { Serve(); });
      }
    } game;
    SpawnOn(CoreId(1), [&] { game.Serve(); });
    game.done.Wait();
  });
}

TEST(EventLoop, AnEventThatBlocksKeepsItsStateAndItsCore) {
  RunOnCores(2, [] {
    constexpr int kBlocked = 100;
    Countdown done(kBlocked);
    std::vector<std::unique_ptr<EventContext>> contexts;
    for (int i = 0; i < kBlocked; ++i) {
      contexts.push_back(std::make_unique<EventContext>());
      Spawn([&, i] {
        std::string local = "event " + std::to_string(i);
        ASSERT_TRUE(SaveContext(*contexts[i]));
        EXPECT_EQ(local, "event " + std::to_string(i));
        EXPECT_EQ(Platform::CurrentCore(), CoreId(0));
        done.Done();
      });
    }
    // Awakened from the other core, in the opposite order.
    Spawn([&] {
      for (int i = kBlocked - 1; i >= 0; --i) {
        SpawnOn(CoreId(1), [&, i] { ActivateContext(*contexts[i]); });
      }
    });
    done.Wait();
  });
}

TEST(EventLoop, ExceptionsInFlightBelongToTheEvent) {
  RunOnCores(1, [] {
    EventContext context;
    Countdown done(2);
    Spawn([&] {
      try {
        throw std::runtime_error("first");
      } catch (const std::runtime_error&) {
        ASSERT_TRUE(SaveContext(context));
        try {
          throw;
        } catch (const std::exception& again) {
          EXPECT_STREQ(again.what(), "first");
        }
      }
      done.Done();
    });
    Spawn([&] {
      try {
        throw std::runtime_error("second");
      } catch (...) {
        EXPECT_EQ(std::uncaught_exceptions(), 0);
      }
      ActivateContext(context);
      done.Done();
    });
    done.Wait();
  });
}

TEST(EventLoop, IdleHandlersRunOnlyWhenThereIsNothingElse) {
  RunOnCores(1, [] {
    int polls = 0;
    int events = 0;
    Countdown done(1);
    std::unique_ptr<IdleHandler> handler;
    handler = std::make_unique<IdleHandler>([&] {
      EXPECT_EQ(events, 10);
      if (++polls == 3) {
        handler->Stop();
        done.Done();
      }
      return false;
    });
    handler->Start();
    for (int i = 0; i < 10; ++i) Spawn([&] { ++events; });
    done.Wait();
    EXPECT_EQ(polls, 3);
  });
}

TEST(EventLoop, ATimerIsNotKeptOutByEvents) {
  RunOnCores(1, [] {
    uint32_t events = 0;
    uint32_t events_before_timer = 0;
    bool fired = false;
    Countdown done(1);
    Timer timer([&] {
      fired = true;
      events_before_timer = events;
    });
    UniqueFunction<void()> flood = [&] {
      ++events;
      if (fired || events == 1000) {
        done.Done();
      } else {
        Spawn([&] { flood(); });
      }
    };
    timer.SetAfter(Duration::zero());
    Spawn([&] { flood(); });
    done.Wait();
    EXPECT_LE(events_before_timer, EventLoop::kTurnsPerClockRead);
  });
}

TEST(EventLoop, AnEventIsNotKeptOutByTimers) {
  RunOnCores(1, [] {
    int fired = 0;
    Countdown done(1);
    std::unique_ptr<Timer> timer;
    timer = std::make_unique<Timer>([&] {
      if (++fired < 1000) timer->SetAfter(Duration::zero());
    });
    timer->SetAfter(Duration::zero());
    Spawn([&] { done.Done(); });
    done.Wait();
    EXPECT_LE(fired, 3);
  });
}

TEST(EventLoop, EndsWhileEventsKeepComing) {
  int code = RunNode({}, [] {
    struct Endless {
      static void Go() { Spawn([] { Go(); }); }
    };
    Endless::Go();
    Spawn([] { Exit(3); });
  });
  EXPECT_EQ(code, 3);
}

TEST(EventLoop, WhatIsQueuedAtTheEndIsDestroyedNotRun) {
  auto held = std::make_shared<int>(0);
  std::weak_ptr<int> watch = held;
  bool ran = false;
  testing::RequireCores(2);
  int code = RunNode({.core_count = 2}, [held = std::move(held), &ran] {
    Exit(0);
    // Far more than run before the loop learns of the end.
    struct Again {
      static void Go(std::shared_ptr<int> what, bool* ran) {
        Spawn([what, ran] { Go(what, ran); });
      }
    };
    for (int i = 0; i < 1000; ++i) Again::Go(held, &ran);
  });
  EXPECT_EQ(code, 0);
  EXPECT_FALSE(ran);
  EXPECT_TRUE(watch.expired());
}

}  // namespace
}  // namespace ebbrt
