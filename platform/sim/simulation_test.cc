// Several nodes in one simulation.
#include "platform/sim/simulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/async/combinators.h"
#include "core/event/event_loop.h"
#include "core/event/node.h"
#include "core/testing/seed.h"
#include "core/trace/event_tag.h"
#include "platform/current.h"
#include "platform/sim/network/two_nodes.h"

namespace ebbrt::platform {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

EBBRT_EVENT_TAG(kWorkTag, "simulation_test.work");

SimulationOptions Options() {
  return {.seed = testing::Seed(), .faults = {}, .tag_name = EventTagName};
}

TEST(Simulation, NodesShareATimeAndNothingElse) {
  constexpr int kNodes = 200;
  Simulation simulation(Options());
  std::vector<std::unique_ptr<FunctionNode>> programs;
  int ended = 0;
  std::set<uint64_t> drawn;
  for (int i = 0; i < kNodes; ++i) {
    programs.push_back(std::make_unique<FunctionNode>([i, &drawn] {
      uint64_t word;
      Platform::FillEntropy(std::as_writable_bytes(std::span(&word, 1)));
      drawn.insert(word);
      EXPECT_EQ(Platform::CoreCount(), 1u + i % 3);
      // Blocks while the others go on.
      EXPECT_TRUE(Delay(microseconds(i)).Block().ok());
      EXPECT_GE(Platform::Now(), Time(microseconds(i)));
      EXPECT_LT(Platform::Now(), Time(microseconds(i + 10)));
      Exit(i);
    }));
    programs.back()->on_end = [&](int) {
      if (++ended == kNodes) simulation.End(0);
    };
    simulation.Boot(simulation.AddNode(
        std::to_string(i), {.core_count = 1u + i % 3}, *programs.back()));
  }
  simulation.Run();
  for (int i = 0; i < kNodes; ++i) {
    EXPECT_THAT(programs[i]->codes, ElementsAre(i));
  }
  EXPECT_EQ(drawn.size(), size_t{kNodes});
}

TEST(Simulation, ANodeThatCrashedStartsFromNothing) {
  Simulation simulation(Options());
  int begun = 0;
  bool destroyed = false;
  FunctionNode program([&] {
    ++begun;
    EXPECT_LT(Platform::Now(), Time(milliseconds(1)));
    Spawn([guard = std::shared_ptr<void>(
               nullptr, [&destroyed](void*) { destroyed = true; })] {});
    EXPECT_TRUE(Delay(seconds(1)).Block().ok());
    Exit(3);
  });
  SimNode& node = simulation.AddNode("node", {.core_count = 2}, program);
  program.on_end = [&](int code) {
    if (code == 3) simulation.End(0);
  };
  FunctionAction crash([&] { simulation.Crash(node); });
  FunctionAction restart([&] { simulation.Boot(node); });
  simulation.Boot(node);
  simulation.Schedule(crash, Time(milliseconds(500)));
  simulation.Schedule(restart, Time(seconds(2)));
  simulation.Run();
  EXPECT_EQ(begun, 2);
  EXPECT_TRUE(destroyed);
  EXPECT_THAT(program.codes, ElementsAre(Sim::kCrashExitCode, 3));
  EXPECT_GE(simulation.now(), Time(seconds(3)));
}

TEST(Simulation, AsksANodeToStop) {
  Simulation simulation(Options());
  FunctionNode program([] {
    Platform::SetStopHandler([](void*) { Exit(9); }, nullptr);
  });
  program.on_end = [&](int code) { simulation.End(code); };
  SimNode& node = simulation.AddNode("node", {}, program);
  FunctionAction stop([&] { simulation.RequestStop(node); });
  simulation.Boot(node);
  simulation.Schedule(stop, Time(seconds(5)));
  simulation.Run();
  EXPECT_EQ(simulation.code(), 9);
  EXPECT_GE(simulation.now(), Time(seconds(5)));
}

class CostTest : public ::testing::Test {
 protected:
  CostTest() : costs_("costs.json") {
    for (EventTag tag : {kNoTag, kTimerTag, kInterruptTag, kRcuTag}) {
      EXPECT_TRUE(costs_.Add(tag, {}));
    }
  }
  // Runs two events of kWorkTag, one after the other; returns how long the
  // first took.
  Duration Run(double slowdown) {
    Simulation simulation(Options());
    Time begun{};
    Time ended{};
    FunctionNode program([&] {
      Spawn([&] { begun = Platform::Now(); }, kWorkTag);
      Spawn([&] { ended = Platform::Now(); Exit(0); }, kWorkTag);
    });
    program.on_end = [&](int code) { simulation.End(code); };
    SimNode& node = simulation.AddNode("node", {}, program);
    node.SetCosts(&costs_);
    node.SetSlowdown(slowdown);
    simulation.Boot(node);
    simulation.Run();
    code_ = simulation.code();
    return ended - begun;
  }

  CostTable costs_;
  int code_ = -1;
};

TEST_F(CostTest, EventsTakeWhatTheTableSays) {
  ASSERT_TRUE(costs_.Add(kWorkTag, {.fixed_ns = 5000}));
  Duration took = Run(1);
  EXPECT_GE(took, microseconds(5));
  EXPECT_LT(took, microseconds(6));
  took = Run(3);
  EXPECT_GE(took, microseconds(15));
  EXPECT_LT(took, microseconds(16));
}

TEST_F(CostTest, ATagThatIsNotThereIsAnErrorWithThePath) {
  ::testing::internal::CaptureStderr();
  Run(1);
  std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(code_, Sim::kWrongConfigurationExitCode);
  EXPECT_THAT(text, HasSubstr("costs.json: tags has no \"simulation_test.work\""
                              ", which node node core 0 ran"));
}

TEST(Simulation, OnlyACoreThatSleepsHasToBeWoken) {
  constexpr Duration kWake = microseconds(20);
  Simulation simulation(Options());
  Time woken{};
  Time after_work{};
  FunctionNode program([&] {
    SpawnOn(CoreId(1), [] {});
    const Time begun = Platform::Now();
    EXPECT_TRUE(Delay(milliseconds(1)).Block().ok());
    Time asked = Platform::Now();
    EXPECT_GE(asked, begun + milliseconds(1) + kWake) << "by a timer as well";
    EXPECT_TRUE(Async(CoreId(1), [&woken] { woken = Platform::Now(); })
                    .Block()
                    .ok());
    EXPECT_GE(woken, asked + kWake);
    // At work for longer than it is until it is asked again.
    SpawnOn(CoreId(1), [] { Sim::Charge(milliseconds(2)); });
    EXPECT_TRUE(Delay(milliseconds(1)).Block().ok());
    Time ends = woken;
    EXPECT_TRUE(
        Async(CoreId(1), [&after_work] { after_work = Platform::Now(); })
            .Block()
            .ok());
    EXPECT_GT(after_work, ends + milliseconds(2));
    EXPECT_LT(after_work, ends + milliseconds(2) + 5 * kWake);
    Exit(0);
  });
  program.on_end = [&simulation](int code) { simulation.End(code); };
  SimNode& node = simulation.AddNode("0", {.core_count = 2}, program);
  node.SetWakeLatency(kWake);
  simulation.Boot(node);
  simulation.Run();
  EXPECT_EQ(simulation.code(), 0);
}

TEST(Simulation, AClockMayBeFastAndWrong) {
  Simulation simulation(Options());
  Duration passed{};
  Duration wall{};
  FunctionNode program([&] {
    Duration before = Platform::WallClock();
    EXPECT_TRUE(Delay(seconds(10)).Block().ok());
    passed = Platform::Now().time_since_epoch();
    wall = Platform::WallClock() - Sim::kEpoch;
    EXPECT_GT(Platform::WallClock(), before);
    Exit(0);
  });
  program.on_end = [&](int code) { simulation.End(code); };
  SimNode& node = simulation.AddNode("node", {}, program);
  node.SetClock({.wall_offset = seconds(100), .drift_ppb = 1'000'000});
  simulation.Boot(node);
  simulation.Run();
  EXPECT_GE(passed, seconds(10));
  EXPECT_LT(passed, seconds(10) + microseconds(10));
  // Ten of its seconds are a thousandth less of the simulation's.
  Duration true_time = simulation.now().time_since_epoch();
  EXPECT_NEAR(static_cast<double>(true_time.count()), 10e9 / 1.001, 1e4);
  EXPECT_GE(wall, seconds(109));
}

TEST(Simulation, AClockThatChangesNeverGoesBack) {
  Simulation simulation(Options());
  std::vector<Time> read;
  FunctionNode program([&read] {
    for (int i = 0; i < 100; ++i) {
      EXPECT_TRUE(Delay(milliseconds(1)).Block().ok());
      read.push_back(Platform::Now());
    }
    Exit(0);
  });
  program.on_end = [&simulation](int) { simulation.End(0); };
  SimNode& node = simulation.AddNode("0", {}, program);
  FunctionAction fast([&] {
    simulation.SetClock(node, {.wall_offset = {}, .drift_ppb = 500'000'000});
  });
  FunctionAction right([&] { simulation.SetClock(node, {}); });
  simulation.Schedule(fast, Time(milliseconds(20)));
  simulation.Schedule(right, Time(milliseconds(50)));
  simulation.Boot(node);
  simulation.Run();
  ASSERT_EQ(read.size(), 100u);
  EXPECT_TRUE(std::is_sorted(read.begin(), read.end()));
  // 30 ms in which it is half as fast again.
  EXPECT_GE(read.back(), Time(milliseconds(100)));
  EXPECT_LT(simulation.now(), Time(milliseconds(86)));
  EXPECT_GT(simulation.now(), Time(milliseconds(84)));
}

TEST(Simulation, MayBeRunInPartsWhileEventsBlock) {
  Simulation simulation(Options());
  static constexpr int kNodes = 3;
  static constexpr int kEvents = 4;
  int woken = 0;
  int ended = 0;
  std::vector<std::unique_ptr<FunctionNode>> programs;
  for (int i = 0; i < kNodes; ++i) {
    programs.push_back(std::make_unique<FunctionNode>([&woken, i] {
      auto left = std::make_shared<int>(kEvents);
      for (int j = 0; j < kEvents; ++j) {
        Spawn([&woken, i, j, left] {
          for (int k = 0; k < 5; ++k) {
            EXPECT_TRUE(Delay(microseconds(100 + 7 * i + j)).Block().ok());
            ++woken;
          }
          if (--*left == 0) Exit(0);
        });
      }
    }));
    programs.back()->on_end = [&](int) {
      if (++ended == kNodes) simulation.End(0);
    };
    simulation.Boot(simulation.AddNode(std::to_string(i), {.core_count = 2},
                                       *programs.back()));
  }
  // Each part comes to its end with events that block.
  int parts = 0;
  for (Time time{}; simulation.RunUntil(time); time += microseconds(30)) {
    ++parts;
  }
  simulation.FinishAll();
  EXPECT_EQ(simulation.code(), 0);
  EXPECT_EQ(woken, kNodes * kEvents * 5);
  EXPECT_GT(parts, 10);
}

TEST(Simulation, NamesWhoWaitsForEver) {
  ::testing::internal::CaptureStderr();
  Simulation simulation(Options());
  auto waits = [] {
    Spawn([] { static_cast<void>(Promise<void>().GetFuture()); }, kWorkTag);
  };
  FunctionNode first(waits);
  FunctionNode second(waits);
  simulation.Boot(simulation.AddNode("first", {.core_count = 2}, first));
  simulation.Boot(simulation.AddNode("second", {}, second));
  simulation.Run();
  std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(simulation.code(), Sim::kDeadlockExitCode);
  EXPECT_THAT(text, HasSubstr("sim: deadlock at "));
  EXPECT_THAT(text, HasSubstr("node first wait; the last event was on core 0"));
  EXPECT_THAT(text, HasSubstr("simulation_test.work"));
  EXPECT_THAT(text, HasSubstr("node second wait"));
}

TEST(Simulation, NamesWhoIsStillRunningAtTheLimit) {
  ::testing::internal::CaptureStderr();
  SimulationOptions options = Options();
  options.time_limit = Time(milliseconds(1));
  Simulation simulation(options);
  // Busy for ever, an event after the other: time passes all the same.
  struct Again {
    static void Run() { Spawn([] { Run(); }, kWorkTag); }
  };
  FunctionNode program([] { Again::Run(); });
  simulation.Boot(simulation.AddNode("busy", {}, program));
  simulation.Run();
  std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(text, HasSubstr("sim: still running at "));
  EXPECT_THAT(text, HasSubstr("node busy"));
  EXPECT_EQ(simulation.code(), Sim::kDeadlockExitCode);
}

}  // namespace
}  // namespace ebbrt::platform
