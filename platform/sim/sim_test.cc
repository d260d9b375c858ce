// What the simulator promises beyond the contract.
#include "platform/sim/sim.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/async/combinators.h"
#include "core/async/future.h"
#include "core/base/random.h"
#include "core/base/types.h"
#include "core/event/event_loop.h"
#include "core/event/node.h"
#include "core/event/timer.h"
#include "core/testing/seed.h"
#include "platform/current.h"

namespace ebbrt::platform {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using ::testing::HasSubstr;

// Faults for one test; the next finds what the environment says.
class SimTest : public ::testing::Test {
 protected:
  ~SimTest() override { Sim::ClearFaults(); }
};

// One line of a history.
struct Line {
  Time time;
  CoreId core;
  uint64_t what;
  friend bool operator==(const Line&, const Line&) = default;
};

// Cores that spawn on each other, set timers, block and defer, as they draw;
// every event leaves a line.
class Busy {
 public:
  explicit Busy(uint64_t draws_seed) : random_(draws_seed) {}

  std::vector<Line> Run(uint64_t seed) {
    NodeOptions options;
    options.core_count = 4;
    options.seed = seed;
    EXPECT_EQ(RunNode(options,
                      [this] {
                        for (int i = 0; i < 20; ++i) Step(i);
                      }),
              0);
    return std::move(lines_);
  }

 private:
  static constexpr size_t kLines = 5000;

  void Step(uint64_t what) {
    if (lines_.size() == kLines) {
      Exit(0);
      return;
    }
    lines_.push_back({Platform::Now(), Platform::CurrentCore(), what});
    uint64_t next = random_();
    CoreId core(static_cast<uint32_t>(next % Platform::CoreCount()));
    switch (random_.Below(4)) {
      case 0:
        SpawnOn(core, [this, next] { Step(next); });
        break;
      case 1:
        static_cast<void>(
            Delay(Duration(next % 5000)).Then([this, next] { Step(next); }));
        break;
      case 2:
        RcuDefer([this, next] { Step(next); });
        break;
      case 3:
        Spawn([this, core, next] {
          if (Async(core, [] {}).Block().ok()) Step(next);
        });
        break;
    }
  }

  Random random_;
  std::vector<Line> lines_;
};

TEST_F(SimTest, ASeedIsOneHistoryByteForByte) {
  for (double wait_early : {0.0, 0.3}) {
    SimFaults faults;
    faults.wait_early = wait_early;
    Sim::SetFaults(faults);
    std::set<uint64_t> histories;
    for (uint64_t i = 0; i < 10; ++i) {
      uint64_t seed = testing::Seed() + i;
      std::vector<Line> once = Busy(1).Run(seed);
      uint64_t history = Sim::History();
      std::vector<Line> again = Busy(1).Run(seed);
      EXPECT_EQ(once, again);
      EXPECT_EQ(history, Sim::History());
      histories.insert(history);
    }
    EXPECT_EQ(histories.size(), 10u) << "other seeds are other histories";
    // To be compared between processes and machines.
    RecordProperty("history", std::to_string(Sim::History()));
  }
}

// At one time and with no jitter, only the seed says who goes first.
TEST_F(SimTest, TheSeedOrdersWhatIsFree) {
  SimFaults faults;
  faults.wake_latency_min = faults.wake_latency_max = Duration(100);
  faults.timer_slack_max = Duration(0);
  faults.wait_cost_min = faults.wait_cost_max = Duration(10);
  Sim::SetFaults(faults);
  std::set<std::vector<uint32_t>> orders;
  for (uint64_t i = 0; i < 200; ++i) {
    std::vector<uint32_t> order;
    EXPECT_EQ(RunNode({.core_count = 4, .seed = testing::Seed() + i},
                      [&order] {
                        for (uint32_t core = 1; core < 4; ++core) {
                          SpawnOn(CoreId(core), [&order, core] {
                            order.push_back(core);
                            if (order.size() == 3) Exit(0);
                          });
                        }
                      }),
              0);
    orders.insert(order);
  }
  EXPECT_EQ(orders.size(), 6u) << "all permutations of three";
}

TEST_F(SimTest, ReportsADeadlockAndEnds) {
  ::testing::internal::CaptureStderr();
  int code = RunNode({.core_count = 3, .seed = 42}, [] {
    Promise<void> never;
    static_cast<void>(never.GetFuture().Block());
  });
  EXPECT_EQ(code, Sim::kDeadlockExitCode);
  std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(text, HasSubstr("sim: deadlock at "));
  EXPECT_THAT(text, HasSubstr("all 3 cores of node 0"));
  EXPECT_THAT(text, HasSubstr("seed 42"));
}

TEST_F(SimTest, TimePassesInWaitAndByChargeAlone) {
  EXPECT_EQ(RunNode({.core_count = 2}, [] {
              Time before = Platform::Now();
              for (int i = 0; i < 1000; ++i) Platform::Cycles();
              EXPECT_EQ(Platform::Now(), before);
              Sim::Charge(microseconds(30));
              EXPECT_EQ(Platform::Now(), before + microseconds(30));
              // What this core causes comes after what it was charged.
              absl::StatusOr<Time> other =
                  Async(CoreId(1), [] { return Platform::Now(); }).Block();
              ASSERT_TRUE(other.ok());
              EXPECT_GE(*other, before + microseconds(30));
              EXPECT_TRUE(Delay(hours(100)).Block().ok());
              EXPECT_GE(Platform::Now(), before + hours(100));
              EXPECT_LT(Platform::Now(), before + hours(101));
              Exit(0);
            }),
            0);
}

TEST_F(SimTest, AChargedCoreIsLateForItsTimer) {
  EXPECT_EQ(RunNode({}, [] {
              Time before = Platform::Now();
              Future<void> delay = Delay(microseconds(10));
              Sim::Charge(microseconds(50));
              EXPECT_TRUE(std::move(delay).Block().ok());
              EXPECT_GE(Platform::Now(), before + microseconds(50));
              EXPECT_LT(Platform::Now(), before + microseconds(60));
              Exit(0);
            }),
            0);
}

TEST_F(SimTest, WakesWithinTheLatencyGiven) {
  SimFaults faults;
  faults.wake_latency_min = microseconds(70);
  faults.wake_latency_max = microseconds(80);
  Sim::SetFaults(faults);
  EXPECT_EQ(
      RunNode({.core_count = 2, .seed = testing::Seed()},
              [] {
                // Until core 1 waits.
                EXPECT_TRUE(Delay(std::chrono::milliseconds(1)).Block().ok());
                for (int i = 0; i < 100; ++i) {
                  Time sent = Platform::Now();
                  absl::StatusOr<Time> got =
                      Async(CoreId(1), [] { return Platform::Now(); }).Block();
                  ASSERT_TRUE(got.ok());
                  EXPECT_GE(*got - sent, microseconds(70));
                  EXPECT_LE(*got - sent, microseconds(81));
                }
                Exit(0);
              }),
      0);
}

// Every stack after the loop's own is refused at some seed, and the event that
// wanted it is told so.
TEST_F(SimTest, RefusesCommitsAsOftenAsAsked) {
  SimFaults faults;
  faults.commit_refused = 0.5;
  Sim::SetFaults(faults);
  int blocked = 0;
  int refused = 0;
  constexpr int kEvents = 200;
  auto program = [&] {
    for (int i = 0; i < kEvents; ++i) {
      Spawn([&] {
        absl::Status status = Delay(microseconds(1)).Block();
        (status.ok() ? blocked : refused) += 1;
        EXPECT_TRUE(status.ok() || absl::IsResourceExhausted(status));
        if (blocked + refused == kEvents) Exit(0);
      });
    }
  };
  // The loop's own stack may be refused as well, which no node survives: the
  // first seed of which it is not.
  uint64_t seed = testing::Seed();
  while (Random(seed, 1).Chance(faults.commit_refused)) ++seed;
  EXPECT_EQ(RunNode({.seed = seed}, program), 0);
  EXPECT_GT(blocked, 0);
  EXPECT_GT(refused, kEvents / 4);
  // Now there are stacks of a node that has ended, which changes nothing.
  const int refused_before = std::exchange(refused, 0);
  blocked = 0;
  EXPECT_EQ(RunNode({.seed = seed}, program), 0);
  EXPECT_EQ(refused, refused_before);
}

TEST_F(SimTest, AThreadThatSimulatesNothingHasNoCore) {
  EXPECT_FALSE(Sim::OnCore());
  EXPECT_EQ(Sim::Now(), Time{});
  EXPECT_EQ(RunNode({.core_count = 0},
                    [] { Exit(Platform::CoreCount() == Sim::kMachineCores); }),
            1);
}

}  // namespace
}  // namespace ebbrt::platform
