#include "core/buf/iobuf_chain.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/buf/chain_exercise.h"
#include "core/testing/allocation_faults.h"
#include "core/testing/run_on_cores.h"

namespace ebbrt {
namespace {

using testing::RefuseAllocation;

IOBufChain ChainOf(std::initializer_list<std::string_view> texts) {
  IOBufChain chain;
  for (std::string_view text : texts) chain.PushBack(IOBuf::CopyOf(text));
  return chain;
}

TEST(IOBufChain, IsEmptyAtFirst) {
  IOBufChain chain;
  EXPECT_TRUE(chain.empty());
  EXPECT_EQ(chain.buffer_count(), 0u);
  EXPECT_EQ(chain.begin(), chain.end());
  EXPECT_EQ(chain.PopFront(), nullptr);
  chain.TrimFront(0);
  chain.TrimBack(0);
  EXPECT_TRUE(chain.SplitFront(0)->empty());
}

TEST(IOBufChain, DropsEmptyAndNullBuffers) {
  IOBufChain chain = ChainOf({"", "a", "", "b"});
  chain.PushFront(nullptr);
  chain.PushBack(IOBuf::Create(10));
  EXPECT_EQ(chain.buffer_count(), 2u);
  EXPECT_EQ(chain.ToString(), "ab");
}

TEST(IOBufChain, TrimsWholeBuffersAndParts) {
  IOBufChain chain = ChainOf({"abc", "def", "ghi"});
  chain.TrimFront(4);
  EXPECT_EQ(chain.ToString(), "efghi");
  EXPECT_EQ(chain.buffer_count(), 2u);
  chain.TrimBack(3);
  EXPECT_EQ(chain.ToString(), "ef");
  EXPECT_EQ(chain.buffer_count(), 1u);
  chain.PushBack(IOBuf::CopyOf("x"));
  EXPECT_EQ(chain.ToString(), "efx") << "the end moved with the trim";
  chain.TrimBack(3);
  EXPECT_TRUE(chain.empty());
}

TEST(IOBufChain, SplitsWithoutCopying) {
  IOBufChain chain = ChainOf({"abc", "def"});
  const std::byte* middle = chain.back().data() + 1;
  std::optional<IOBufChain> front = chain.SplitFront(4);
  EXPECT_EQ(front->ToString(), "abcd");
  EXPECT_EQ(chain.ToString(), "ef");
  EXPECT_EQ(chain.front().data(), middle);
  EXPECT_EQ(chain.SplitFront(2)->ToString(), "ef");
  EXPECT_TRUE(chain.empty());
}

TEST(IOBufChain, SplitsBetweenBuffersWithoutAllocating) {
  IOBufChain chain = ChainOf({"abc", "def"});
  RefuseAllocation refuse(0);
  EXPECT_EQ(chain.SplitFront(3)->ToString(), "abc");
  EXPECT_EQ(chain.ToString(), "def");
  EXPECT_FALSE(refuse.refused());
}

TEST(IOBufChain, IsUnchangedWhereASplitIsRefusedMemory) {
  IOBufChain chain = ChainOf({"abc", "def"});
  RefuseAllocation refuse(0);
  EXPECT_EQ(chain.SplitFront(4), std::nullopt);
  EXPECT_TRUE(refuse.refused());
  EXPECT_EQ(chain.ToString(), "abcdef");
  EXPECT_EQ(chain.buffer_count(), 2u);
}

TEST(IOBufChain, ClonesAllOrNothing) {
  IOBufChain chain = ChainOf({"abc", "def", "ghi"});
  uint64_t nth = 0;
  for (;; ++nth) {
    RefuseAllocation refuse(nth);
    std::optional<IOBufChain> clone = chain.Clone();
    EXPECT_EQ(clone.has_value(), !refuse.refused());
    if (clone.has_value()) {
      EXPECT_EQ(clone->ToString(), "abcdefghi");
      break;
    }
    EXPECT_TRUE(chain.front().writable()) << "no view is left behind";
  }
  EXPECT_EQ(nth, 3u) << "one descriptor a buffer";
}

TEST(IOBufChain, CoalescesOnlyWhatIsAskedFor) {
  IOBufChain chain = ChainOf({"abc", "def", "ghi"});
  const std::byte* first = chain.front().data();
  EXPECT_EQ(chain.Coalesce(3), first) << "in one piece already";
  EXPECT_NE(chain.Coalesce(5), nullptr);
  EXPECT_EQ(chain.front().text(), "abcde");
  EXPECT_EQ(chain.buffer_count(), 3u);
  EXPECT_EQ(chain.ToString(), "abcdefghi");
}

TEST(IOBufChain, CoalescesIntoTheRoomThatItHas) {
  std::unique_ptr<IOBuf> roomy = IOBuf::Create(16);
  *roomy->Append(1) = std::byte{'a'};
  const std::byte* data = roomy->data();
  IOBufChain chain(std::move(roomy));
  chain.PushBack(IOBuf::Static("bcdef"));
  RefuseAllocation refuse(0);
  EXPECT_EQ(chain.Coalesce(4), data);
  EXPECT_EQ(chain.front().text(), "abcd");
  EXPECT_EQ(chain.ToString(), "abcdef");
  EXPECT_EQ(chain.Coalesce(6), data);
  EXPECT_EQ(chain.buffer_count(), 1u);
  EXPECT_FALSE(refuse.refused());
}

TEST(IOBufChain, IsUnchangedWhereCoalescingIsRefusedMemory) {
  IOBufChain chain = ChainOf({"abc", "def"});
  RefuseAllocation refuse(0);
  EXPECT_EQ(chain.Coalesce(4), nullptr);
  EXPECT_EQ(chain.ToString(), "abcdef");
  EXPECT_EQ(chain.buffer_count(), 2u);
}

TEST(IOBufChain, MovesLeaveNothingBehind) {
  IOBufChain chain = ChainOf({"abc"});
  IOBufChain moved = std::move(chain);
  EXPECT_TRUE(chain.empty());  // NOLINT: that is what is tested.
  chain = ChainOf({"old"});
  chain = std::move(moved);
  EXPECT_EQ(chain.ToString(), "abc");
  EXPECT_TRUE(moved.empty());  // NOLINT
}

// A chain of many buffers takes no stack to destroy.
TEST(IOBufChain, MayBeLong) {
  IOBufChain chain;
  for (int i = 0; i < 200000; ++i) chain.PushBack(IOBuf::Static("x"));
  EXPECT_EQ(chain.length(), 200000u);
}

TEST(IOBufChain, AgreesWithStrings) {
  std::mt19937_64 random(testing::Seed());
  for (int round = 0; round < 300; ++round) {
    std::vector<uint8_t> choices(random() % 2000);
    for (uint8_t& choice : choices) choice = static_cast<uint8_t>(random());
    testing::ExerciseChains(choices);
  }
}

TEST(IOBufChainDeathTest, CuttingBeyondTheEndFailsACheck) {
  IOBufChain chain = ChainOf({"abc", "def"});
  EXPECT_DEATH(chain.TrimFront(7), "check failed");
  EXPECT_DEATH(chain.TrimBack(7), "check failed");
  EXPECT_DEATH(static_cast<void>(chain.SplitFront(7)), "check failed");
  EXPECT_DEATH(chain.Coalesce(7), "check failed");
  std::byte bytes[4];
  EXPECT_DEATH(chain.CopyTo(bytes, 3), "check failed");
}

}  // namespace
}  // namespace ebbrt
