#include "core/net/tcp/send_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/net/tcp/rack.h"
#include "core/testing/seed.h"

namespace ebbrt::tcp {
namespace {

constexpr uint32_t kBytes = 10;  // Of a segment on the wire.

Time At(int64_t milliseconds) {
  return Time(std::chrono::milliseconds(milliseconds));
}

class SendQueueTest : public ::testing::Test {
 protected:
  SendQueueTest() { queue_.Start(first_); }
  ~SendQueueTest() override { queue_.Clear(); }

  // `count` segments on the wire, as one here.
  void Send(uint32_t count) {
    SentSegment* segment = queue_.Prepare();
    ASSERT_NE(segment, nullptr);
    std::unique_ptr<IOBuf> data = IOBuf::Create(count * kBytes);
    data->Append(count * kBytes);
    queue_.Commit(segment, IOBufChain(std::move(data)), /*fin=*/false, now_);
  }
  // Segments [begin, end), counted from the first that was ever sent.
  void AcknowledgeBlock(uint32_t begin, uint32_t end) {
    rack_.BeginAck(now_, std::nullopt, Duration::max());
    queue_.AcknowledgeBlock(first_ + begin * kBytes, first_ + end * kBytes,
                            kBytes, rack_);
  }
  void AcknowledgeTo(uint32_t end) {
    rack_.BeginAck(now_, std::nullopt, Duration::max());
    queue_.AcknowledgeTo(first_ + end * kBytes, rack_);
  }
  size_t Count() {
    size_t count = 0;
    for (SentSegment* segment = queue_.front(); segment != nullptr;
         segment = queue_.Next(segment)) {
      ++count;
    }
    return count;
  }

  const Sequence first_{0xffffff00};
  Time now_ = At(1);
  Pool<SentSegment> pool_{16};
  SendQueue queue_{pool_};
  Rack rack_;
};

TEST_F(SendQueueTest, WhatThePeerHasBecomesOne) {
  for (int i = 0; i < 10; ++i) Send(1);
  AcknowledgeBlock(2, 4);
  AcknowledgeBlock(5, 8);
  EXPECT_EQ(Count(), 7u);
  EXPECT_EQ(queue_.sacked_bytes(), 5 * kBytes);
  AcknowledgeBlock(2, 8);
  EXPECT_EQ(Count(), 5u);
  EXPECT_EQ(rack_.delivered().bytes, kBytes);
  EXPECT_TRUE(queue_.Consistent());
  // It goes in parts.
  AcknowledgeTo(5);
  EXPECT_EQ(Count(), 3u);
  EXPECT_EQ(queue_.sacked_bytes(), 3 * kBytes);
  EXPECT_TRUE(queue_.Consistent());
}

TEST_F(SendQueueTest, IsCutWhereOnlyAPartHasArrived) {
  Send(8);
  AcknowledgeBlock(2, 4);
  EXPECT_EQ(Count(), 3u);
  EXPECT_EQ(queue_.sacked_bytes(), 2 * kBytes);
  AcknowledgeBlock(6, 8);
  EXPECT_EQ(Count(), 4u);
  EXPECT_TRUE(queue_.Consistent());
}

TEST_F(SendQueueTest, TellsOfAges) {
  for (int i = 0; i < 4; ++i) Send(1);
  now_ = At(2);
  SentSegment* first = queue_.front();
  queue_.MarkLost(first);
  EXPECT_EQ(queue_.oldest(), queue_.Next(first));
  queue_.OnRetransmitted(first, now_);
  SentSegment* youngest = queue_.oldest();
  while (SentSegment* next = queue_.NextYounger(youngest)) youngest = next;
  EXPECT_EQ(youngest, first);
  // What was lost for a while is older than what was sent since.
  SentSegment* second = queue_.Next(first);
  queue_.MarkLost(second);
  queue_.ForgetLosses();
  EXPECT_EQ(queue_.oldest(), second);
  EXPECT_TRUE(queue_.Consistent());
}

// Whatever happens to it, beside a list that says of each segment on the wire
// what has become of it.
TEST_F(SendQueueTest, AgreesWithAModel) {
  enum class State { kOut, kLost, kSacked };
  constexpr int kSteps = 20000;
  constexpr uint32_t kOutMax = 200;
  Random random(testing::Seed(), 1);
  std::vector<State> model;
  uint32_t una = 0;
  const auto nxt = [&] { return static_cast<uint32_t>(model.size()); };
  for (int step = 0; step < kSteps; ++step) {
    now_ += std::chrono::milliseconds(random.Below(2));
    const uint64_t what = random.Below(100);
    if (what < 40) {
      const uint32_t count = static_cast<uint32_t>(random.Between(1, 5));
      if (nxt() + count > una + kOutMax) continue;
      Send(count);
      model.insert(model.end(), count, State::kOut);
    } else if (what < 70) {
      const uint32_t begin = static_cast<uint32_t>(random.Between(una, nxt()));
      const uint32_t end = static_cast<uint32_t>(random.Between(begin, nxt()));
      AcknowledgeBlock(begin, end);
      std::fill(model.begin() + begin, model.begin() + end, State::kSacked);
    } else if (what < 80) {
      const uint32_t most = std::min(una + 10, nxt());
      una = static_cast<uint32_t>(random.Between(una, most));
      AcknowledgeTo(una);
    } else if (what < 90) {
      if (SentSegment* oldest = queue_.oldest()) {
        const uint32_t begin = Span(first_, oldest->begin) / kBytes;
        std::fill_n(model.begin() + begin, oldest->bytes / kBytes,
                    State::kLost);
        queue_.MarkLost(oldest);
      }
    } else if (what < 98) {
      if (SentSegment* lost = queue_.FirstLost()) {
        if (lost->bytes > kBytes) {
          ASSERT_TRUE(queue_.Cut(lost, kBytes));
        }
        model[Span(first_, lost->begin) / kBytes] = State::kOut;
        queue_.OnRetransmitted(lost, now_);
      }
    } else if (what < 99) {
      queue_.ForgetLosses();
      std::replace(model.begin(), model.end(), State::kLost, State::kOut);
    } else {
      queue_.ForgetSacks();
      std::replace(model.begin(), model.end(), State::kSacked, State::kOut);
    }
    ASSERT_TRUE(queue_.Consistent()) << step;
    const auto count = [&](State state) {
      return static_cast<uint32_t>(
                 std::count(model.begin() + una, model.end(), state)) *
             kBytes;
    };
    ASSERT_EQ(queue_.sacked_bytes(), count(State::kSacked)) << step;
    ASSERT_EQ(queue_.lost_bytes(), count(State::kLost)) << step;
    ASSERT_EQ(queue_.outstanding_bytes(), (nxt() - una) * kBytes);
  }
}

}  // namespace
}  // namespace ebbrt::tcp
