#include "platform/baremetal/kvm_clock.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace ebbrt::platform::machine {
namespace {

// The arithmetic of a clock; a machine that has one is not at hand everywhere.
constexpr KvmTime kTwoGigahertz = {
    .version = 2, .padding = 0, .tsc = 1000, .system_ns = 500,
    .multiplier = 1u << 31, .shift = 0, .flags = 1, .reserved = {}};

KvmTime With(uint32_t multiplier, int8_t shift) {
  KvmTime time = kTwoGigahertz;
  time.multiplier = multiplier;
  time.shift = shift;
  return time;
}

TEST(KvmClock, SaysHowFastTheCounterCounts) {
  EXPECT_EQ(CyclesPerSecondOf(kTwoGigahertz), 2'000'000'000u);
  EXPECT_EQ(CyclesPerSecondOf(With(1u << 31, 1)), 1'000'000'000u);
  EXPECT_EQ(CyclesPerSecondOf(With(1u << 31, -1)), 4'000'000'000u);
  EXPECT_EQ(CyclesPerSecondOf(With(0, 0)), 0u);
}

TEST(KvmClock, SaysForHowLongTheMachineHasRun) {
  EXPECT_EQ(SystemNsAt(kTwoGigahertz, 1000), 500u);
  EXPECT_EQ(SystemNsAt(kTwoGigahertz, 3000), 1500u);
  EXPECT_EQ(SystemNsAt(With(1u << 31, 1), 3000), 2500u);
  EXPECT_EQ(SystemNsAt(With(1u << 31, -1), 3000), 1000u);
  // More cycles than 32 bits of nanoseconds.
  constexpr uint64_t kHourNs = 3600'000'000'000;
  EXPECT_EQ(SystemNsAt(kTwoGigahertz, 1000 + 2 * kHourNs), 500 + kHourNs);
}

}  // namespace
}  // namespace ebbrt::platform::machine
