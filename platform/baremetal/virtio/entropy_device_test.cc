#include "platform/baremetal/virtio/entropy_device.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "platform/baremetal/virtio/fake_transport.h"

namespace ebbrt::platform::virtio {
namespace {

using testing::DeviceQueue;
using testing::FakeTransport;

constexpr size_t kBytesMax = 64;

struct Outcome {
  absl::StatusOr<std::string> read;
  // The device was asked for so many bytes; it is reset at the end.
  size_t asked = 0;
  uint8_t status = 0;
};

Outcome ReadFrom(const FakeTransport::Options& options,
                 std::string_view gives) {
  FakeTransport device(options);
  Outcome outcome = {.read = std::string()};
  device.on_notify = [&](uint16_t queue) {
    DeviceQueue& other_side = device.queues.at(queue);
    const std::optional<DeviceQueue::Chain> chain = other_side.Take();
    ASSERT_TRUE(chain);
    outcome.asked = chain->writable_bytes();
    other_side.Complete(chain->head, chain->Write(gives));
  };
  outcome.read = ReadEntropy(device, kBytesMax);
  outcome.status = device.status;
  return outcome;
}

TEST(EntropyDevice, GivesWhatItHas) {
  for (const bool is_legacy : {false, true}) {
    const Outcome outcome = ReadFrom(
        {.queue_count = 1, .queue_size = 8, .is_legacy = is_legacy}, "chance");
    ASSERT_TRUE(outcome.read.ok()) << outcome.read.status();
    EXPECT_EQ(*outcome.read, "chance");
    EXPECT_EQ(outcome.asked, kBytesMax);
    EXPECT_EQ(outcome.status, 0);
  }
}

TEST(EntropyDevice, MayGiveNothing) {
  const Outcome outcome = ReadFrom({.queue_count = 1}, "");
  EXPECT_FALSE(outcome.read.ok());
  EXPECT_EQ(outcome.status, 0);
}

TEST(EntropyDevice, MayHaveNoQueue) {
  EXPECT_FALSE(ReadFrom({.queue_count = 0}, "chance").read.ok());
}

}  // namespace
}  // namespace ebbrt::platform::virtio
