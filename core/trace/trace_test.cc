#include "core/trace/trace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "core/async/combinators.h"
#include "core/base/check.h"
#include "core/ebb/ebb.h"
#include "core/event/event_loop.h"
#include "core/event/timer.h"
#include "core/testing/run_on_cores.h"
#include "core/trace/counter.h"
#include "core/trace/trace_json.h"
#include "platform/current.h"

namespace ebbrt {
namespace {

using testing::RunOnCores;

EBBRT_EVENT_TAG(kFirstTag, "test.first");
EBBRT_EVENT_TAG(kSecondTag, "test.second");

TagCost CostOf(const std::vector<TagCost>& costs, EventTag tag) {
  for (const TagCost& cost : costs) {
    if (cost.tag == tag) return cost;
  }
  return {};
}

// Lets the events that are queued on this core run.
void Yield() {
  EXPECT_TRUE(Async(Platform::CurrentCore(), [] {}).Block().ok());
}

void BlockFor(Duration delay) { EXPECT_TRUE(Delay(delay).Block().ok()); }

TEST(Trace, IsOffUntilItIsStarted) {
  RunOnCores(2, [] {
    Spawn([] {}, kFirstTag);
    TraceInstant(kFirstTag);
    TraceBytes(7);
    Yield();
    EXPECT_TRUE(ReadTrace().Total().empty());
    EXPECT_TRUE(ReadTraceRecords(CoreId(0)).empty());
  });
}

TEST(Trace, AccountsForEventsByTag) {
  RunOnCores(2, [] {
    ASSERT_TRUE(StartTrace().Block().ok());
    for (int i = 0; i < 10; ++i) {
      Spawn([] { TraceBytes(100); }, kFirstTag);
      SpawnOn(CoreId(1), [] {}, kFirstTag);
      SpawnOn(CoreId(1), [] {}, kSecondTag);
    }
    Yield();
    ASSERT_TRUE(Async(CoreId(1), [] {}).Block().ok());
    TraceSnapshot snapshot = ReadTrace();
    ASSERT_EQ(snapshot.cores.size(), 2u);
    EXPECT_EQ(CostOf(snapshot.cores[0], kFirstTag).count, 10u);
    EXPECT_EQ(CostOf(snapshot.cores[0], kFirstTag).bytes, 1000u);
    EXPECT_EQ(CostOf(snapshot.cores[0], kSecondTag).count, 0u);
    EXPECT_EQ(CostOf(snapshot.cores[1], kSecondTag).count, 10u);
    EXPECT_EQ(CostOf(snapshot.Total(), kFirstTag).count, 20u);

    ASSERT_TRUE(StopTrace().Block().ok());
    Spawn([] {}, kFirstTag);
    Yield();
    EXPECT_EQ(CostOf(ReadTrace().Total(), kFirstTag).count, 20u);
  });
}

TEST(Trace, LeavesNoTimeOut) {
  RunOnCores(1, [] {
    uint64_t before = Platform::Cycles();
    ASSERT_TRUE(StartTrace().Block().ok());
    Yield();
    uint64_t begin = Platform::Cycles();
    EXPECT_TRUE(Delay(std::chrono::milliseconds(2)).Block().ok());
    uint64_t end = Platform::Cycles();
    Yield();
    uint64_t sum = 0;
    for (const TagCost& cost : ReadTrace().Total()) sum += cost.cycles;
    EXPECT_GE(sum, end - begin);
    EXPECT_LE(sum, Platform::Cycles() - before);
  });
}

TEST(Trace, AccountsForTimersPollsAndWaits) {
  RunOnCores(1, [] {
    ASSERT_TRUE(StartTrace().Block().ok());
    EventContext context;
    Timer plain([] {});
    Timer tagged([&] { ActivateContext(context); }, kFirstTag);
    plain.SetAfter(std::chrono::microseconds(100));
    // Long enough to be waited for even where everything is slow.
    tagged.SetAfter(std::chrono::milliseconds(50));
    ASSERT_TRUE(SaveContext(context));
    std::vector<TagCost> costs = ReadTrace().cores[0];
    EXPECT_EQ(CostOf(costs, kTimerTag).count, 1u);
    EXPECT_EQ(CostOf(costs, kFirstTag).count, 1u);
    EXPECT_GE(CostOf(costs, kWaitTag).count, 1u);
    EXPECT_EQ(CostOf(costs, kEmptyPollTag).count, 0u);

    int polls = 0;
    EventContext polled;
    IdleHandler handler(
        [&] {
          if (++polls == 3) ActivateContext(polled);
          return polls == 2;
        },
        kSecondTag);
    handler.Start();
    ASSERT_TRUE(SaveContext(polled));
    handler.Stop();
    costs = ReadTrace().cores[0];
    EXPECT_EQ(CostOf(costs, kSecondTag).count, 1u);
    EXPECT_EQ(CostOf(costs, kEmptyPollTag).count, 2u);
  });
}

TEST(Trace, ChargesAnEventThatBlocksForItsTimeOnTheCore) {
  RunOnCores(1, [] {
    ASSERT_TRUE(StartTrace().Block().ok());
    uint64_t passed = 0;
    EventContext ended;
    Spawn(
        [&] {
          uint64_t begin = Platform::Cycles();
          for (int i = 0; i < 3; ++i) {
            EXPECT_TRUE(Delay(std::chrono::milliseconds(5)).Block().ok());
          }
          passed = Platform::Cycles() - begin;
          ActivateContext(ended);
        },
        kFirstTag);
    // A timer's function may block as well, and is charged under its own tag.
    Timer timer([] { BlockFor(std::chrono::milliseconds(5)); }, kSecondTag);
    timer.SetAfter(Duration::zero());
    ASSERT_TRUE(SaveContext(ended));
    std::vector<TagCost> costs = ReadTrace().cores[0];
    TagCost cost = CostOf(costs, kFirstTag);
    EXPECT_EQ(cost.count, 1u);
    EXPECT_EQ(cost.cycles_max, cost.cycles);
    EXPECT_LT(cost.cycles, passed) << "the rest of it was blocked";
    EXPECT_EQ(CostOf(costs, kSecondTag).count, 1u);
    EXPECT_GT(CostOf(costs, kWaitTag).cycles, 0u);
    std::vector<TraceRecord> records = ReadTraceRecords(CoreId(0));
    EXPECT_EQ(std::count_if(records.begin(), records.end(),
                            [](const TraceRecord& record) {
                              return record.tag == kFirstTag &&
                                     record.kind == TraceKind::kPiece;
                            }),
              3);
  });
}

// Core 1 writes as fast as it can; what core 0 reads is never torn.
TEST(Trace, MayBeReadWhileItIsWritten) {
  RunOnCores(2, [] {
    ASSERT_TRUE(StartTrace().Block().ok());
    constexpr uint64_t kInstants = 300000;
    constexpr uint64_t kFactor = 0x9e3779b1;
    Future<void> written = Async(CoreId(1), [] {
      for (uint64_t i = 1; i <= kInstants; ++i) {
        TraceInstant(static_cast<EventTag>(i * kFactor), i);
        event_loop->tracing()->Finish(kSecondTag);
      }
    });
    uint64_t count = 0;
    uint64_t newest = 0;
    while (count < kInstants) {
      uint64_t last = 0;
      for (const TraceRecord& record : ReadTraceRecords(CoreId(1))) {
        ASSERT_LE(record.cycles_begin, record.cycles_end);
        if (record.kind != TraceKind::kInstant) continue;
        ASSERT_EQ(record.tag, static_cast<EventTag>(record.argument * kFactor));
        ASSERT_TRUE(last == 0 || record.argument == last + 1);
        last = record.argument;
      }
      // None at all, if the writer went all the way round meanwhile.
      if (last != 0) {
        ASSERT_GE(last, newest);
        newest = last;
      }
      TagCost cost = CostOf(ReadTrace().cores[1], kSecondTag);
      ASSERT_GE(cost.count, count);
      count = cost.count;
      // In virtual time the other core runs only while this one waits.
      Yield();
    }
    EXPECT_TRUE(written.Block().ok());
    EXPECT_EQ(ReadTraceRecords(CoreId(1), 100).size(), 100u);
  });
}

TEST(Counter, AreSummedByNameOverCores) {
  RunOnCores(2, [] {
    struct Cache {
      Counter hits{"test.hits"};
      Counter misses{"test.misses"};
      void Count() {
        hits.Add(10);
        misses.Add();
      }
    };
    auto cache =
        CreatePerCoreEbb<Cache>([] { return std::make_unique<Cache>(); });
    cache->Count();
    ASSERT_TRUE(Async(CoreId(1), [=] { cache->Count(); }).Block().ok());
    absl::StatusOr<CounterValues> values = ReadCounters().Block();
    ASSERT_TRUE(values.ok());
    EXPECT_EQ((*values)["test.hits"], 20u);
    EXPECT_EQ((*values)["test.misses"], 2u);
    {
      Counter local("test.local");
      local.Add();
      EXPECT_EQ(ReadCounters().Block()->count("test.local"), 1u);
    }
    EXPECT_EQ(ReadCounters().Block()->count("test.local"), 0u);
  });
}

TEST(Counter, CountsOffCoresForItself) {
  Counter counter("test.alone");
  counter.Add(2);
  EXPECT_EQ(counter.value(), 2u);
}

TEST(TraceJson, HasFiguresByTagAndATimeLine) {
  RunOnCores(1, [] {
    ASSERT_TRUE(StartTrace().Block().ok());
    Spawn([] { TraceBytes(64); }, kFirstTag);
    Spawn([] { TraceInstant(kSecondTag, 42); }, EventTagOf("test.unnamed"));
    // In virtual time only this passes any.
    ASSERT_TRUE(Delay(std::chrono::milliseconds(1)).Block().ok());
    nlohmann::json costs = TagCostsToJson(ReadTrace());
    double share = 0;
    bool found = false;
    for (const nlohmann::json& cost : costs) {
      share += cost["share"].get<double>();
      if (cost["tag"] != "test.first") continue;
      found = true;
      EXPECT_EQ(cost["count"], 1);
      EXPECT_EQ(cost["bytes"], 64);
      EXPECT_TRUE(cost.contains("fixed_ns"));
    }
    EXPECT_TRUE(found);
    EXPECT_NEAR(share, 1, 1e-6);

    nlohmann::json line = TimeLineToJson();
    auto find = [&](std::string_view name) {
      for (const nlohmann::json& entry : line["traceEvents"]) {
        if (entry["name"] == name) return entry;
      }
      return nlohmann::json();
    };
    EXPECT_EQ(find("thread_name")["args"]["name"], "core 0");
    EXPECT_EQ(find("test.first")["ph"], "X");
    EXPECT_GE(find("test.first")["dur"], 0);
    EXPECT_EQ(find("test.second")["ph"], "i");
    EXPECT_EQ(find("test.second")["args"]["argument"], 42);
  });
}

TEST(TraceDeathTest, AFailedCheckTellsWhatTheCoreDidLast) {
  EXPECT_DEATH(RunOnCores(1,
                          [] {
                            ASSERT_TRUE(StartTrace().Block().ok());
                            Spawn([] {}, kFirstTag);
                            Yield();
                            TraceInstant(kSecondTag, 4711);
                            EBBRT_CHECK(1 + 1 == 3);
                          }),
               "check failed: 1 \\+ 1 == 3.*core 0 did.*ended test.first.*"
               "said test.second .* 4711");
}

}  // namespace
}  // namespace ebbrt
