#include "core/event/adaptive_poll.h"

#include <gtest/gtest.h>

#include <utility>

#include "core/event/event_loop.h"
#include "core/testing/run_on_cores.h"

namespace ebbrt {
namespace {

// A ring that raises an interrupt for what arrives while it is not masked.
class FakeDevice final : public PolledDevice {
 public:
  bool Poll() override {
    ++polls;
    if (pending == 0) return false;
    served += std::exchange(pending, 0);
    return true;
  }
  void MaskInterrupt() override { masked = true; }
  void UnmaskInterrupt() override {
    masked = false;
    pending += std::exchange(while_unmasking, 0);
  }
  void Arrive() {
    ++pending;
    if (masked || poll == nullptr) return;
    ++interrupts;
    poll->OnInterrupt();
  }

  AdaptivePoll* poll = nullptr;
  bool masked = false;
  int pending = 0;
  int served = 0;
  int polls = 0;
  int interrupts = 0;
  int while_unmasking = 0;
};

// Lets the loop poll until it has given up.
void RunUntilQuiet(AdaptivePoll& poll) {
  EventContext context;
  IdleHandler watch([&] {
    if (!poll.polling()) ActivateContext(context);
    return false;
  });
  watch.Start();
  ASSERT_TRUE(SaveContext(context));
  watch.Stop();
}

TEST(AdaptivePoll, PollsABusyDeviceAndLetsAQuietOneInterrupt) {
  testing::RunOnCores(1, [] {
    FakeDevice device;
    AdaptivePoll poll(device);
    device.poll = &poll;
    device.Arrive();
    EXPECT_EQ(device.served, 1) << "the first is not made to wait";
    EXPECT_TRUE(device.masked);
    for (int i = 0; i < 10; ++i) device.Arrive();
    EXPECT_EQ(device.interrupts, 1);
    RunUntilQuiet(poll);
    EXPECT_EQ(device.served, 11);
    EXPECT_FALSE(device.masked);
    int polls = device.polls;
    EXPECT_GE(polls, static_cast<int>(AdaptivePoll::kEmptyPollsMax));
    device.Arrive();
    EXPECT_EQ(device.interrupts, 2);
    EXPECT_EQ(device.served, 12);
    RunUntilQuiet(poll);
  });
}

TEST(AdaptivePoll, MissesNothingThatArrivesWhileItUnmasks) {
  testing::RunOnCores(1, [] {
    FakeDevice device;
    AdaptivePoll poll(device);
    device.poll = &poll;
    device.while_unmasking = 1;
    device.Arrive();
    RunUntilQuiet(poll);
    EXPECT_EQ(device.served, 2);
    EXPECT_EQ(device.pending, 0);
    EXPECT_EQ(device.interrupts, 1) << "no interrupt told of the second";
    EXPECT_FALSE(device.masked);
  });
}

}  // namespace
}  // namespace ebbrt
