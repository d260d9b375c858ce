#include "platform/baremetal/virtio/virtqueue.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/testing/seed.h"
#include "platform/baremetal/virtio/device_queue.h"

namespace ebbrt::platform::virtio {
namespace {

using testing::DeviceQueue;

constexpr uint16_t kSize = 8;

struct Pair {
  explicit Pair(const Virtqueue::Options& options)
      : memory(DmaMemory::Allocate(Virtqueue::MemoryBytes(options))),
        driver(options, memory.Take(Virtqueue::MemoryBytes(options), 4096)),
        device(options.size,
               {driver.descriptors_address(), driver.available_address(),
                driver.used_address()},
               options.event_index) {}

  DmaMemory memory;
  Virtqueue driver;
  DeviceQueue device;
};

DmaRun RunOf(std::string& text) {
  return {reinterpret_cast<uint64_t>(text.data()),
          static_cast<uint32_t>(text.size())};
}

// Every way in which a queue may have been negotiated.
class VirtqueueTest : public ::testing::TestWithParam<Virtqueue::Options> {};

INSTANTIATE_TEST_SUITE_P(
    All, VirtqueueTest,
    ::testing::Values(Virtqueue::Options{.size = kSize},
                      Virtqueue::Options{.size = kSize, .event_index = true},
                      Virtqueue::Options{.size = kSize, .indirect_max = 5},
                      Virtqueue::Options{.size = kSize,
                                         .event_index = true,
                                         .indirect_max = 5}));

TEST_P(VirtqueueTest, CarriesChainsThereAndBack) {
  Pair pair(GetParam());
  std::string request = "request";
  std::string more = "more";
  std::string first(4, '.');
  std::string second(4, '.');
  const DmaRun readable[] = {RunOf(request), RunOf(more)};
  const DmaRun writable[] = {RunOf(first), RunOf(second)};
  ASSERT_TRUE(pair.driver.HasRoom(4));
  const uint16_t expected = pair.driver.next_head();
  const uint16_t head = pair.driver.Add(readable, writable);
  EXPECT_EQ(head, expected);
  EXPECT_EQ(pair.device.available(), 0u) << "not shown yet";
  EXPECT_TRUE(pair.driver.Publish());

  const auto chain = pair.device.Take();
  ASSERT_TRUE(chain);
  EXPECT_EQ(chain->Read(), "requestmore");
  EXPECT_EQ(chain->is_indirect, GetParam().indirect_max != 0);
  EXPECT_EQ(chain->Write("answer"), 6u);
  EXPECT_FALSE(pair.driver.TakeUsed());
  pair.device.Complete(chain->head, 6);
  const auto used = pair.driver.TakeUsed();
  ASSERT_TRUE(used);
  EXPECT_EQ(used->head, head);
  EXPECT_EQ(used->bytes, 6u);
  EXPECT_EQ(first + second, "answer..");
  EXPECT_EQ(pair.driver.in_flight(), 0);
}

TEST_P(VirtqueueTest, HasRoomForItsSizeAndNoMore) {
  Pair pair(GetParam());
  std::string byte = "x";
  const DmaRun one[] = {RunOf(byte)};
  for (int i = 0; i < kSize; ++i) {
    ASSERT_TRUE(pair.driver.HasRoom(1));
    pair.driver.Add(one, {});
  }
  EXPECT_FALSE(pair.driver.HasRoom(1));
  pair.driver.Publish();
  pair.device.Complete(pair.device.Take()->head, 0);
  ASSERT_TRUE(pair.driver.TakeUsed());
  EXPECT_TRUE(pair.driver.HasRoom(1));
  EXPECT_FALSE(pair.driver.HasRoom(2));
}

TEST_P(VirtqueueTest, NotifiesOnlyWhereTheDeviceWants) {
  Pair pair(GetParam());
  std::string byte = "x";
  const DmaRun one[] = {RunOf(byte)};
  pair.driver.Add(one, {});
  EXPECT_TRUE(pair.driver.Publish());
  EXPECT_FALSE(pair.driver.Publish()) << "nothing was added";
  pair.device.Take();
  pair.device.WantNotification(false);
  pair.driver.Add(one, {});
  EXPECT_FALSE(pair.driver.Publish());
  pair.device.Take();
  pair.device.WantNotification(true);
  pair.driver.Add(one, {});
  pair.driver.Add(one, {});
  EXPECT_TRUE(pair.driver.Publish());
}

TEST_P(VirtqueueTest, SaysWhenItWantsInterrupts) {
  Pair pair(GetParam());
  std::string byte = "x";
  const DmaRun one[] = {RunOf(byte)};
  for (int i = 0; i < 4; ++i) pair.driver.Add(one, {});
  pair.driver.Publish();
  auto complete = [&] {
    const bool interrupts = pair.device.Complete(pair.device.Take()->head, 0);
    EXPECT_TRUE(pair.driver.TakeUsed());
    return interrupts;
  };
  pair.driver.WantInterrupt(Virtqueue::Interrupt::kNever);
  EXPECT_FALSE(complete());
  pair.driver.WantInterrupt(Virtqueue::Interrupt::kNext);
  EXPECT_TRUE(complete());
  pair.driver.WantInterrupt(Virtqueue::Interrupt::kAll);
  // Without indices it cannot say which.
  EXPECT_EQ(complete(), !GetParam().event_index);
  EXPECT_TRUE(complete());
}

TEST_P(VirtqueueTest, SurvivesAnyOrderOfUse) {
  Pair pair(GetParam());
  Random random(ebbrt::testing::Seed());
  std::map<uint16_t, std::string> sent;  // By head.
  std::deque<std::string> memory;
  std::vector<DeviceQueue::Chain> taken;
  uint32_t count = 0;
  while (count < 100'000) {
    const size_t buffers = random.Between(1, 4);
    if (random.Chance(0.5) && pair.driver.HasRoom(buffers)) {
      const std::string all = std::to_string(count++);
      std::vector<DmaRun> runs;
      for (size_t i = 0; i < buffers; ++i) {
        memory.push_back(i == 0 ? all : "+");
        runs.push_back(RunOf(memory.back()));
      }
      const uint16_t head = pair.driver.Add(runs, {});
      ASSERT_TRUE(
          sent.emplace(head, all + std::string(buffers - 1, '+')).second);
      pair.driver.Publish();
    }
    if (random.Chance(0.5)) {
      if (auto chain = pair.device.Take()) {
        ASSERT_EQ(chain->Read(), sent.at(chain->head));
        taken.push_back(*std::move(chain));
      }
    }
    if (!taken.empty() && random.Chance(0.4)) {
      // In another order than they came.
      std::swap(taken.back(), taken[random.Below(taken.size())]);
      pair.device.Complete(taken.back().head, 0);
      taken.pop_back();
    }
    while (random.Chance(0.5)) {
      const auto used = pair.driver.TakeUsed();
      if (!used) break;
      ASSERT_EQ(sent.erase(used->head), 1u);
      if (sent.empty()) memory.clear();
    }
    ASSERT_EQ(pair.driver.in_flight(), sent.size());
  }
  EXPECT_FALSE(pair.driver.broken());
}

// What the device may write and must not be believed.
class HostileDevice : public ::testing::Test {
 protected:
  HostileDevice() : pair_({.size = kSize}) {
    const DmaRun runs[] = {RunOf(byte_)};
    head_ = pair_.driver.Add({}, runs);
    pair_.driver.Publish();
    pair_.device.Take();
  }

  void ExpectBroken() {
    EXPECT_FALSE(pair_.driver.TakeUsed());
    EXPECT_TRUE(pair_.driver.broken());
    EXPECT_FALSE(pair_.driver.HasRoom(1));
    EXPECT_FALSE(pair_.driver.Publish());
  }

  std::string byte_ = "x";
  Pair pair_;
  uint16_t head_ = 0;
};

TEST_F(HostileDevice, NamesNoChain) {
  pair_.device.Complete(kSize, 0);
  ExpectBroken();
}

TEST_F(HostileDevice, NamesAChainThatItDoesNotHave) {
  pair_.device.Complete(static_cast<uint16_t>(head_ + 1), 0);
  ExpectBroken();
}

TEST_F(HostileDevice, UsesAChainTwice) {
  pair_.device.Complete(head_, 0);
  EXPECT_TRUE(pair_.driver.TakeUsed());
  pair_.device.Complete(head_, 0);
  ExpectBroken();
}

TEST_F(HostileDevice, UsesMoreThanItHas) {
  pair_.device.used_index() = 2;
  ExpectBroken();
}

TEST_F(HostileDevice, HasWrittenMoreThanItCould) {
  pair_.device.Complete(head_, 1000);
  const auto used = pair_.driver.TakeUsed();
  ASSERT_TRUE(used);
  EXPECT_EQ(used->bytes, 1u);
}

TEST_F(HostileDevice, WritesToTheDescriptors) {
  for (std::byte& byte : pair_.device.descriptors()) byte = std::byte{0xff};
  pair_.device.Complete(head_, 1);
  EXPECT_TRUE(pair_.driver.TakeUsed());
  // All of them are free, and in the list.
  const DmaRun runs[] = {RunOf(byte_)};
  for (int i = 0; i < kSize; ++i) {
    ASSERT_TRUE(pair_.driver.HasRoom(1));
    pair_.driver.Add({}, runs);
  }
  EXPECT_FALSE(pair_.driver.HasRoom(1));
}

}  // namespace
}  // namespace ebbrt::platform::virtio
