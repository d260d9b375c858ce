#include "platform/baremetal/nic/receive_pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <utility>
#include <vector>

#include "core/async/future.h"
#include "core/event/event_loop.h"
#include "core/testing/run_on_cores.h"

namespace ebbrt::platform {
namespace {

constexpr uint32_t kBuffers = 16;
constexpr size_t kLong = ReceivePool::kCopyBytesMax + 1;

DmaMemory MemoryFor(uint32_t buffers) {
  return DmaMemory::Allocate(buffers * ReceivePool::kBufferBytes);
}

bool StandsIn(const ReceivePool& pool, uint32_t number, const IOBuf& view) {
  const std::byte* begin = pool.buffer(number).data;
  return view.data() >= begin &&
         view.data() < begin + ReceivePool::kBufferBytes;
}

TEST(ReceivePool, LendsWhatIsLongAndCopiesWhatIsShort) {
  ebbrt::testing::RunOnCores(1, [] {
    ReceivePool* pool = ReceivePool::Create(MemoryFor(kBuffers), kBuffers);
    ASSERT_EQ(pool->buffer_count(), kBuffers);
    const uint32_t number = *pool->Take();
    std::memset(pool->buffer(number).data, 'a', ReceivePool::kBufferBytes);
    std::unique_ptr<IOBuf> lent = pool->Receive(number, 12, kLong);
    EXPECT_TRUE(StandsIn(*pool, number, *lent));
    EXPECT_EQ(lent->length(), kLong);
    EXPECT_TRUE(lent->writable());
    const uint32_t other = *pool->Take();
    std::memcpy(pool->buffer(other).data + 1, "short", 5);
    std::unique_ptr<IOBuf> copy = pool->Receive(other, 1, 5);
    EXPECT_FALSE(StandsIn(*pool, other, *copy));
    EXPECT_EQ(copy->text(), "short");
    lent.reset();
    // All are free again, each once.
    std::set<uint32_t> taken;
    for (uint32_t i = 0; i < kBuffers; ++i) {
      EXPECT_TRUE(taken.insert(*pool->Take()).second);
    }
    EXPECT_FALSE(pool->Take());
    pool->Retire();
  });
}

TEST(ReceivePool, KeepsAQuarterForTheDevice) {
  ebbrt::testing::RunOnCores(1, [] {
    ReceivePool* pool = ReceivePool::Create(MemoryFor(kBuffers), kBuffers);
    std::vector<std::unique_ptr<IOBuf>> kept;
    uint32_t lent = 0;
    for (uint32_t i = 0; i < 2 * kBuffers; ++i) {
      const auto number = pool->Take();
      ASSERT_TRUE(number) << i;
      kept.push_back(pool->Receive(*number, 0, kLong));
      if (StandsIn(*pool, *number, *kept.back())) ++lent;
    }
    EXPECT_EQ(lent, kBuffers / 4 * 3);
    kept.clear();
    pool->Retire();
  });
}

TEST(ReceivePool, TakesBackWhatOtherCoresHadAndOutlivesItsQueue) {
  ebbrt::testing::RunOnCores(2, [] {
    ReceivePool* pool = ReceivePool::Create(MemoryFor(4), 4);
    auto use_on_core_1 = [](std::unique_ptr<IOBuf> view) {
      Promise<void> promise;
      Future<void> done = promise.GetFuture();
      SpawnOn(CoreId(1), [view = std::move(view),
                          promise = std::move(promise)]() mutable {
        view.reset();
        promise.SetValue();
      });
      ASSERT_TRUE(std::move(done).Block().ok());
    };
    for (int i = 0; i < 20; ++i) {
      const auto number = pool->Take();
      ASSERT_TRUE(number);
      use_on_core_1(pool->Receive(*number, 0, kLong));
    }
    std::unique_ptr<IOBuf> here = pool->Receive(*pool->Take(), 0, kLong);
    std::unique_ptr<IOBuf> there = pool->Receive(*pool->Take(), 0, kLong);
    pool->Retire();
    // Its memory is still there, which the sanitizer sees.
    std::memset(here->mutable_data(), 1, kLong);
    here.reset();
    std::memset(there->mutable_data(), 1, kLong);
    use_on_core_1(std::move(there));
  });
}

}  // namespace
}  // namespace ebbrt::platform
