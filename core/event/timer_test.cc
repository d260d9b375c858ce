#include "core/event/timer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include "core/event/event_loop.h"
#include "core/testing/run_on_cores.h"
#include "platform/current.h"

namespace ebbrt {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using testing::RunOnCores;

TEST(TimerHeap, AgreesWithASortedList) {
  std::mt19937_64 random(testing::Seed());
  std::vector<std::unique_ptr<Timer>> timers;
  for (int i = 0; i < 300; ++i) {
    timers.push_back(std::make_unique<Timer>([] {}));
  }
  RunOnCores(1, [&] {
    // Driven through Timer::Set: far deadlines that do not fire by themselves.
    Time base = Platform::Now() + std::chrono::hours(1);
    for (int step = 0; step < 20000; ++step) {
      Timer& timer = *timers[random() % timers.size()];
      if (random() % 3 == 0) {
        timer.Cancel();
        EXPECT_FALSE(timer.armed());
      } else {
        Time deadline = base + microseconds(random() % 1000);
        timer.Set(deadline);
        EXPECT_TRUE(timer.armed());
        EXPECT_EQ(timer.deadline(), deadline);
      }
    }
    for (auto& timer : timers) timer->Cancel();
  });
}

TEST(TimerHeap, PopsInOrderOfDeadlineThenOfSetting) {
  std::mt19937_64 random(testing::Seed());
  struct Armed {
    std::unique_ptr<Timer> timer;
    int64_t deadline;
    int order;
  };
  RunOnCores(1, [&] {
    std::vector<Armed> armed;
    std::vector<int> fired;
    Time base = Platform::Now() + milliseconds(1);
    for (int i = 0; i < 500; ++i) {
      int64_t deadline = static_cast<int64_t>(random() % 100);
      armed.push_back(
          {std::make_unique<Timer>([&fired, i] { fired.push_back(i); }),
           deadline, i});
      armed.back().timer->Set(base + microseconds(deadline));
    }
    // Some in the middle of the heap go again.
    for (int i = 0; i < 500; i += 7) armed[i].timer->Cancel();
    EventContext context;
    Timer last([&] { ActivateContext(context); });
    last.Set(base + milliseconds(1));
    ASSERT_TRUE(SaveContext(context));
    std::vector<int> expected;
    for (int i = 0; i < 500; ++i) {
      if (i % 7 != 0) expected.push_back(i);
    }
    std::stable_sort(expected.begin(), expected.end(), [&](int a, int b) {
      return armed[a].deadline < armed[b].deadline;
    });
    EXPECT_EQ(fired, expected);
  });
}

TEST(Timer, FiresNotBeforeItsDeadline) {
  RunOnCores(1, [] {
    EventContext context;
    Time deadline = Platform::Now() + milliseconds(5);
    Timer timer([&] { ActivateContext(context); });
    timer.Set(deadline);
    ASSERT_TRUE(SaveContext(context));
    EXPECT_GE(Platform::Now(), deadline);
    EXPECT_FALSE(timer.armed());
  });
}

TEST(Timer, MaySetItselfAgain) {
  RunOnCores(1, [] {
    EventContext context;
    int count = 0;
    std::unique_ptr<Timer> timer;
    timer = std::make_unique<Timer>([&] {
      if (++count < 5) {
        timer->SetAfter(microseconds(50));
      } else {
        ActivateContext(context);
      }
    });
    timer->SetAfter(microseconds(50));
    ASSERT_TRUE(SaveContext(context));
    EXPECT_EQ(count, 5);
  });
}

TEST(Timer, MayDestroyItself) {
  RunOnCores(1, [] {
    EventContext context;
    auto held = std::make_shared<int>(1);
    std::weak_ptr<int> watch = held;
    auto* timer = new std::unique_ptr<Timer>;
    *timer = std::make_unique<Timer>([timer, held, &context] {
      delete timer;
      EXPECT_EQ(*held, 1) << "what the function holds outlives the timer";
      ActivateContext(context);
    });
    held.reset();
    (*timer)->SetAfter(microseconds(10));
    ASSERT_TRUE(SaveContext(context));
    EXPECT_TRUE(watch.expired());
  });
}

TEST(Timer, ACancelledOneDoesNotFire) {
  RunOnCores(1, [] {
    EventContext context;
    Timer cancelled([] { FAIL(); });
    cancelled.SetAfter(microseconds(100));
    {
      Timer destroyed([] { FAIL(); });
      destroyed.SetAfter(microseconds(100));
    }
    cancelled.Cancel();
    cancelled.Cancel();
    Timer later([&] { ActivateContext(context); });
    later.SetAfter(milliseconds(1));
    ASSERT_TRUE(SaveContext(context));
  });
}

}  // namespace
}  // namespace ebbrt
