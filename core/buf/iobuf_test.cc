#include "core/buf/iobuf.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <string_view>
#include <utility>

#include "core/event/event_loop.h"
#include "core/testing/allocation_faults.h"
#include "core/testing/run_on_cores.h"

namespace ebbrt {
namespace {

using testing::RefuseAllocation;

void Write(std::byte* to, std::string_view text) {
  for (char c : text) *to++ = static_cast<std::byte>(c);
}

// Memory of a device or a cache, which counts how often it came back.
class Lender final : public IOBufOwner {
 public:
  Lender() : IOBufOwner(&Release) {}
  std::span<std::byte> memory() { return memory_; }
  int returned() const { return returned_; }

 private:
  static void Release(IOBufOwner* owner) {
    ++static_cast<Lender*>(owner)->returned_;
  }
  std::array<std::byte, 64> memory_{};
  std::atomic<int> returned_{0};
};

TEST(IOBuf, IsMadeEmptyWithRoomBeforeAndBehind) {
  std::unique_ptr<IOBuf> buffer = IOBuf::Create(100, 40);
  EXPECT_TRUE(buffer->empty());
  EXPECT_TRUE(buffer->writable());
  EXPECT_EQ(buffer->headroom(), 40u);
  EXPECT_EQ(buffer->tailroom(), 60u);
}

TEST(IOBuf, TakesHeadersInFrontOfItsData) {
  std::unique_ptr<IOBuf> buffer = IOBuf::Create(32, 16);
  Write(buffer->Append(7), "payload");
  Write(buffer->Prepend(4), "TCP ");
  Write(buffer->Prepend(3), "IP ");
  EXPECT_EQ(buffer->text(), "IP TCP payload");
  EXPECT_EQ(buffer->headroom(), 9u);
  EXPECT_EQ(buffer->tailroom(), 9u);
  buffer->TrimFront(7);
  buffer->TrimBack(4);
  EXPECT_EQ(buffer->text(), "pay");
  EXPECT_EQ(buffer->headroom(), 16u) << "trimming gives room back";
  EXPECT_EQ(buffer->tailroom(), 13u);
}

TEST(IOBuf, CopiesWhatItIsGiven) {
  char text[] = "text";
  std::unique_ptr<IOBuf> copy =
      IOBuf::CopyOf(std::as_bytes(std::span(text, 4)), /*headroom=*/8);
  text[0] = 'n';
  EXPECT_EQ(copy->text(), "text");
  EXPECT_EQ(copy->headroom(), 8u);
  EXPECT_TRUE(IOBuf::CopyOf("")->empty());
}

TEST(IOBuf, IsReadOnlyWhileItIsShared) {
  std::unique_ptr<IOBuf> first = IOBuf::CopyOf("shared");
  std::unique_ptr<IOBuf> second = first->Clone();
  EXPECT_EQ(second->data(), first->data()) << "nothing is copied";
  EXPECT_FALSE(first->writable() || second->writable());
  EXPECT_EQ(first->headroom() + first->tailroom(), 0u);
  second->TrimFront(2);
  EXPECT_EQ(first->text(), "shared") << "each view is trimmed by itself";
  // The first view stands in the block that the second one keeps.
  first.reset();
  EXPECT_EQ(second->text(), "ared");
  EXPECT_TRUE(second->writable());
  EXPECT_EQ(second->headroom(), 2u);
}

TEST(IOBuf, OfStaticMemoryIsNeverWritten) {
  std::unique_ptr<IOBuf> buffer = IOBuf::Static("static");
  EXPECT_EQ(buffer->text(), "static");
  EXPECT_FALSE(buffer->writable());
  buffer->TrimFront(3);
  EXPECT_EQ(buffer->headroom(), 0u) << "what was trimmed is no room";
  EXPECT_EQ(buffer->Clone()->text(), "tic");
}

TEST(IOBuf, TellsTheLenderOnceTheLastViewIsGone) {
  Lender lender;
  std::unique_ptr<IOBuf> first = IOBuf::Lend(&lender, lender.memory());
  std::unique_ptr<IOBuf> second = first->Clone();
  EXPECT_FALSE(first->writable());
  first.reset();
  EXPECT_EQ(lender.returned(), 0);
  EXPECT_FALSE(second->writable()) << "lent to be read, even if alone";
  second.reset();
  EXPECT_EQ(lender.returned(), 1);
}

TEST(IOBuf, LentToBeWrittenHasTheRoomAroundItsData) {
  Lender lender;
  std::unique_ptr<IOBuf> buffer =
      IOBuf::LendWritable(&lender, lender.memory(), 10, 20);
  EXPECT_EQ(buffer->headroom(), 10u);
  EXPECT_EQ(buffer->length(), 20u);
  EXPECT_EQ(buffer->tailroom(), 34u);
  lender.Ref();
  EXPECT_FALSE(buffer->writable()) << "the lender looks at it as well";
  lender.Unref();
  EXPECT_TRUE(buffer->writable());
  buffer.reset();
  EXPECT_EQ(lender.returned(), 1);
}

TEST(IOBuf, IsNullWhereMemoryIsRefused) {
  Lender lender;
  std::unique_ptr<IOBuf> whole = IOBuf::CopyOf("whole");
  RefuseAllocation refuse(0);
  EXPECT_EQ(IOBuf::Create(10), nullptr);
  EXPECT_TRUE(refuse.refused());
}

TEST(IOBuf, LeavesTheOwnerAsItWasWhereMemoryIsRefused) {
  Lender lender;
  std::unique_ptr<IOBuf> whole = IOBuf::CopyOf("whole");
  {
    RefuseAllocation refuse(0);
    EXPECT_EQ(whole->Clone(), nullptr);
  }
  EXPECT_TRUE(whole->writable()) << "no reference is left behind";
  {
    RefuseAllocation refuse(0);
    EXPECT_EQ(IOBuf::Lend(&lender, lender.memory()), nullptr);
  }
  EXPECT_EQ(lender.returned(), 1) << "the reference given is taken over";
}

TEST(IOBuf, IsOneAllocation) {
  RefuseAllocation refuse(1);
  EXPECT_NE(IOBuf::CopyOf("bytes and view"), nullptr);
  EXPECT_FALSE(refuse.refused());
}

// Two cores let go of views of one memory at the same time.
TEST(IOBuf, MayBeLetGoOnAnyCore) {
  testing::RunOnCores(2, [] {
    constexpr int kViews = 2000;
    Lender lender;
    std::unique_ptr<IOBuf> first = IOBuf::Lend(&lender, lender.memory());
    EventContext context;
    int left = kViews;  // Core 1 only.
    for (int i = 0; i < kViews; ++i) {
      SpawnOn(CoreId(1), [&, view = first->Clone()]() mutable {
        view.reset();
        if (--left == 0) ActivateContext(context);
      });
      first = first->Clone();
    }
    ASSERT_TRUE(SaveContext(context));
    EXPECT_EQ(lender.returned(), 0);
    first.reset();
    EXPECT_EQ(lender.returned(), 1);
  });
}

TEST(IOBufDeathTest, WideningBeyondItsRoomFailsACheck) {
  std::unique_ptr<IOBuf> buffer = IOBuf::Create(8, 4);
  EXPECT_DEATH(buffer->Prepend(5), "check failed");
  EXPECT_DEATH(buffer->Append(5), "check failed");
  EXPECT_DEATH(buffer->TrimFront(1), "check failed");
  EXPECT_DEATH(IOBuf::Create(4, 8), "check failed");
  EXPECT_DEATH(IOBuf::Create(IOBuf::kCapacityMax + 1), "check failed");
  EXPECT_DEATH(IOBuf::Static("static")->Append(1), "check failed");
}

}  // namespace
}  // namespace ebbrt
