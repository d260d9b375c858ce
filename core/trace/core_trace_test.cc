#include "core/trace/core_trace.h"

#include <gtest/gtest.h>

#include <memory>
#include <string_view>
#include <vector>

#include "core/trace/event_tag.h"
#include "platform/current.h"

namespace ebbrt {
namespace {

EBBRT_EVENT_TAG(kNamedTag, "test.named");
constexpr EventTag kUnnamedTag = EventTagOf("test.unnamed");

// The figures of one tag; none of it if it has no slot.
TagCost CostOf(const CoreTrace& trace, EventTag tag) {
  for (const TagCost& cost : trace.Costs()) {
    if (cost.tag == tag) return cost;
  }
  return {};
}

TEST(EventTag, IsAHashOfItsNameOnEveryMachine) {
  // FNV-1a of "a", as published with the function.
  EXPECT_EQ(EventTagOf("a"), 0xe40c292cu);
  EXPECT_NE(kNamedTag, kUnnamedTag);
}

TEST(EventTag, HasItsNameIfSomethingLinkedInGaveIt) {
  EXPECT_EQ(EventTagName(kNamedTag), "test.named");
  EXPECT_EQ(EventTagName(kWaitTag), "core.wait");
  EXPECT_EQ(EventTagName(kNoTag), "untagged");
  EXPECT_EQ(EventTagName(kUnnamedTag), "");
}

TEST(EventTag, IsNotSharedByTwoNames) {
  EXPECT_EQ(DuplicateEventTag(), 0u);
}

TEST(CoreTrace, CountsAndAddsUp) {
  auto trace = std::make_unique<CoreTrace>();
  uint64_t begin = Platform::Cycles();
  trace->Start();
  uint64_t started = Platform::Cycles();
  for (int i = 0; i < 5; ++i) trace->Finish(kNamedTag);
  trace->Finish(kUnnamedTag);
  trace->Idle(kWaitTag);
  uint64_t idle = Platform::Cycles();
  EXPECT_EQ(CostOf(*trace, kNamedTag).count, 5u);
  EXPECT_EQ(CostOf(*trace, kUnnamedTag).count, 1u);
  uint64_t sum = 0;
  for (const TagCost& cost : trace->Costs()) {
    EXPECT_LE(cost.cycles_max, cost.cycles);
    sum += cost.cycles;
  }
  EXPECT_LE(sum, idle - begin) << "no time is charged twice";
  trace->Finish(kNamedTag);
  sum = 0;
  for (const TagCost& cost : trace->Costs()) sum += cost.cycles;
  EXPECT_GE(sum, idle - started) << "none is left out";
}

TEST(CoreTrace, CountsAnEventOnceWhateverItsPieces) {
  auto trace = std::make_unique<CoreTrace>();
  trace->Start();
  trace->AddBytes(10);
  CoreTrace::Piece piece = trace->Suspend(kNamedTag);
  EXPECT_EQ(CostOf(*trace, kNamedTag).count, 0u) << "it has not ended";
  trace->Finish(kUnnamedTag);
  EXPECT_EQ(CostOf(*trace, kUnnamedTag).bytes, 0u) << "those are not its own";
  trace->Resume(piece);
  trace->AddBytes(5);
  trace->Finish(kNamedTag);
  TagCost cost = CostOf(*trace, kNamedTag);
  EXPECT_EQ(cost.count, 1u);
  EXPECT_EQ(cost.bytes, 15u);
  EXPECT_EQ(cost.cycles_max, cost.cycles) << "both pieces are one event";
  trace->Finish(kNamedTag);
  EXPECT_EQ(CostOf(*trace, kNamedTag).bytes, 15u) << "and end with it";
}

TEST(CoreTrace, KeepsWhatItHasNoRoomForUnderOneTag) {
  auto trace = std::make_unique<CoreTrace>();
  trace->Start();
  for (uint32_t i = 0; i < CoreTrace::kTagsMax + 10; ++i) {
    trace->Finish(1000 + 3 * i);
  }
  EXPECT_EQ(trace->Costs().size(), CoreTrace::kTagsMax + 1);
  EXPECT_EQ(CostOf(*trace, kOtherTagsTag).count, 10u);
  EXPECT_EQ(CostOf(*trace, 1000).count, 1u);
}

TEST(CoreTrace, KeepsTheNewestRecords) {
  auto trace = std::make_unique<CoreTrace>();
  EXPECT_TRUE(trace->Records().empty());
  constexpr uint64_t kMore = 100;
  for (uint64_t i = 0; i < CoreTrace::kRecordsMax + kMore; ++i) {
    trace->Instant(kNamedTag, i);
  }
  std::vector<TraceRecord> records = trace->Records();
  ASSERT_EQ(records.size(), CoreTrace::kRecordsMax);
  EXPECT_EQ(records.front().argument, kMore);
  EXPECT_EQ(records.back().argument, CoreTrace::kRecordsMax + kMore - 1);
  EXPECT_EQ(records.back().kind, TraceKind::kInstant);
  EXPECT_EQ(records.back().tag, kNamedTag);
  EXPECT_EQ(trace->Records(3).size(), 3u);
  EXPECT_EQ(trace->Records(3).back().argument, records.back().argument);
}

TEST(CoreTrace, RecordsALongWaitOnce) {
  auto trace = std::make_unique<CoreTrace>();
  trace->Start();
  trace->Finish(kNamedTag);
  for (int i = 0; i < 100; ++i) {
    trace->Idle(kLookTag);
    trace->Idle(kWaitTag);
  }
  trace->Finish(kNamedTag);
  std::vector<TraceRecord> records = trace->Records();
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[1].kind, TraceKind::kWait);
  EXPECT_EQ(records[1].cycles_begin, records[0].cycles_end);
  EXPECT_EQ(records[1].cycles_end, records[2].cycles_begin);
}

TEST(CostLine, FindsTheLineThroughItsPoints) {
  TagCost cost;
  for (double bytes : {100.0, 200.0, 400.0}) {
    double cycles = 50 + 3 * bytes;
    ++cost.sized_count;
    cost.bytes += static_cast<uint64_t>(bytes);
    cost.sized_cycles += cycles;
    cost.bytes_squared += bytes * bytes;
    cost.bytes_times_cycles += bytes * cycles;
  }
  EXPECT_NEAR(CostLineOf(cost).cycles_fixed, 50, 1e-6);
  EXPECT_NEAR(CostLineOf(cost).cycles_per_byte, 3, 1e-9);
}

TEST(CostLine, IsFlatWhereAllSizesAreTheSame) {
  TagCost cost;
  EXPECT_EQ(CostLineOf(cost).cycles_fixed, 0);
  cost.sized_count = 3;
  cost.bytes = 300;
  cost.sized_cycles = 90;
  cost.bytes_squared = 3e4;
  cost.bytes_times_cycles = 9e3;
  EXPECT_EQ(CostLineOf(cost).cycles_per_byte, 0);
  EXPECT_EQ(CostLineOf(cost).cycles_fixed, 30);
}

}  // namespace
}  // namespace ebbrt
