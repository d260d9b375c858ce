#include "core/net/tcp/receive_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/net/tcp/pool.h"
#include "core/net/tcp/sequence.h"
#include "core/testing/seed.h"

namespace ebbrt::tcp {
namespace {

std::string Text(size_t begin, size_t bytes) {
  std::string text(bytes, '\0');
  for (size_t i = 0; i < bytes; ++i) {
    text[i] = static_cast<char>((begin + i) * 31 + (begin + i) / 256);
  }
  return text;
}

class ReceiveQueueTest : public ::testing::Test {
 protected:
  ReceiveQueueTest() { queue_.Start(kFirst); }

  bool Insert(uint32_t begin, uint32_t bytes, bool fin = false) {
    IOBufChain data;
    if (bytes != 0) data.PushBack(IOBuf::CopyOf(Text(begin, bytes)));
    return queue_.Insert(kFirst + begin, std::move(data), fin);
  }
  std::vector<TcpSackBlock> Report(size_t count) {
    std::vector<TcpSackBlock> blocks(count);
    blocks.resize(queue_.ReportBlocks(blocks));
    for (TcpSackBlock& block : blocks) {
      block.begin -= kFirst.value();
      block.end -= kFirst.value();
    }
    return blocks;
  }

  static constexpr Sequence kFirst{0xffffff00};
  HeldBuffers held_ = {.held = 0, .held_max = 100, .connection_max = 50};
  Pool<ReceivedBlock> pool_{16};
  ReceiveQueue queue_{held_, pool_};
};

TEST_F(ReceiveQueueTest, PassesOnWhatIsInOrder) {
  EXPECT_TRUE(Insert(0, 10));
  EXPECT_EQ(queue_.next(), kFirst + 10);
  EXPECT_EQ(held_.held, 1u);
  EXPECT_EQ(queue_.Take(100)->ToString(), Text(0, 10));
  EXPECT_EQ(held_.held, 0u);
}

TEST_F(ReceiveQueueTest, ReportsTheMostRecentFirst) {
  EXPECT_FALSE(Insert(10, 10));
  EXPECT_FALSE(Insert(50, 10));
  EXPECT_FALSE(Insert(30, 10));
  EXPECT_EQ(Report(4),
            (std::vector<TcpSackBlock>{{30, 40}, {50, 60}, {10, 20}}));
  EXPECT_FALSE(Insert(20, 10));  // Joins two.
  EXPECT_EQ(Report(4), (std::vector<TcpSackBlock>{{10, 40}, {50, 60}}));
  EXPECT_EQ(Report(1), (std::vector<TcpSackBlock>{{10, 40}}));
}

TEST_F(ReceiveQueueTest, ReportsADuplicateOnce) {
  EXPECT_TRUE(Insert(0, 20));
  EXPECT_FALSE(Insert(5, 10));
  EXPECT_EQ(Report(4), (std::vector<TcpSackBlock>{{5, 15}}));
  EXPECT_FALSE(queue_.has_report());
  EXPECT_FALSE(Insert(30, 10));
  EXPECT_FALSE(Insert(35, 10));
  EXPECT_EQ(Report(4), (std::vector<TcpSackBlock>{{35, 40}, {30, 45}}));
}

TEST_F(ReceiveQueueTest, EndsAtFin) {
  EXPECT_FALSE(Insert(10, 10, true));
  EXPECT_FALSE(queue_.finished());
  EXPECT_FALSE(Insert(20, 5));  // Behind it.
  EXPECT_TRUE(Insert(0, 10));
  EXPECT_TRUE(queue_.finished());
  EXPECT_EQ(queue_.next(), kFirst + 21);
  EXPECT_EQ(queue_.ready().ToString(), Text(0, 20));
  EXPECT_FALSE(Insert(21, 5));
  EXPECT_EQ(queue_.ready().length(), 20u);
}

TEST_F(ReceiveQueueTest, DoesNotBelieveAFinBeforeData) {
  EXPECT_FALSE(Insert(10, 10));
  EXPECT_TRUE(Insert(0, 5, true));
  EXPECT_FALSE(queue_.finished());
  EXPECT_TRUE(Insert(5, 5));
  EXPECT_EQ(queue_.next(), kFirst + 20);
}

TEST_F(ReceiveQueueTest, HoldsABoundOfBuffers) {
  for (uint32_t i = 0; i < 100; ++i) Insert(10 + 20 * i, 10);
  EXPECT_EQ(held_.held, 50u);
  // What fills the first gap is passed on all the same.
  EXPECT_TRUE(Insert(0, 10));
  EXPECT_EQ(queue_.next(), kFirst + 20);
  queue_.Clear();
  EXPECT_EQ(held_.held, 0u);
}

TEST_F(ReceiveQueueTest, SharesABoundWithOthers) {
  held_.held = 98;
  EXPECT_FALSE(Insert(10, 10));
  EXPECT_FALSE(Insert(30, 10));
  EXPECT_FALSE(Insert(50, 10));
  EXPECT_EQ(held_.held, 100u);
  EXPECT_EQ(Report(4).size(), 2u);
}

// Segments of a stream, cut, repeated and shuffled by a seed, against a set of
// the bytes that have come.
TEST_F(ReceiveQueueTest, PutsAnythingInOrder) {
  held_ = {.held = 0, .held_max = 100'000, .connection_max = 100'000};
  Random random(ebbrt::testing::Seed());
  constexpr uint32_t kBytes = 5000;
  std::vector<bool> come(kBytes);
  std::string taken;
  while (taken.size() < kBytes) {
    const uint32_t next = queue_.next().value() - kFirst.value();
    const uint32_t begin = static_cast<uint32_t>(
        std::max<int64_t>(0, int64_t{next} + int64_t(random.Below(400)) - 100));
    if (begin >= kBytes) continue;
    const uint32_t bytes = static_cast<uint32_t>(
        std::min<uint64_t>(1 + random.Below(100), kBytes - begin));
    Insert(begin, bytes);
    std::fill_n(come.begin() + begin, bytes, true);
    uint32_t expected = 0;
    while (expected < kBytes && come[expected]) ++expected;
    ASSERT_EQ(queue_.next(), kFirst + expected);
    std::array<TcpSackBlock, 4> blocks;
    const size_t count = queue_.ReportBlocks(blocks);
    for (size_t i = 0; i < count; ++i) {
      for (uint32_t at = blocks[i].begin - kFirst.value();
           at != blocks[i].end - kFirst.value(); ++at) {
        ASSERT_TRUE(come[at]);
      }
    }
    if (random.Chance(0.3)) {
      taken += queue_.Take(random.Below(300))->ToString();
    }
    if (expected == kBytes) taken += queue_.Take(kBytes)->ToString();
  }
  EXPECT_TRUE(taken == Text(0, kBytes));
  EXPECT_EQ(held_.held, 0u);
}

}  // namespace
}  // namespace ebbrt::tcp
