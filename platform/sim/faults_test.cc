#include "platform/sim/faults.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace ebbrt::platform {
namespace {

using ::testing::HasSubstr;

TEST(SimFaults, ReadsWhatItIsGivenAndKeepsTheRest) {
  SimFaults faults;
  EXPECT_EQ(ParseSimFaults("commit_refused=0.25,wake_latency_max_ns=5000,",
                           faults),
            "");
  EXPECT_EQ(faults.commit_refused, 0.25);
  EXPECT_EQ(faults.wake_latency_max, Duration(5000));
  EXPECT_EQ(faults.wake_latency_min, SimFaults{}.wake_latency_min);
  EXPECT_EQ(ParseSimFaults("", faults), "");
}

TEST(SimFaults, SaysWhatIsWrong) {
  SimFaults faults;
  EXPECT_THAT(ParseSimFaults("commit_refusd=1", faults),
              HasSubstr("unknown fault \"commit_refusd\"; there are: commit_"));
  EXPECT_EQ(ParseSimFaults("wait_early=2", faults),
            "wait_early: found \"2\", expected a probability, 0 to 1");
  EXPECT_THAT(ParseSimFaults("wait_early", faults), HasSubstr("found \"\""));
  EXPECT_THAT(ParseSimFaults("wait_early=nan", faults), HasSubstr("nan"));
  EXPECT_THAT(ParseSimFaults("network_delay_ns=-1", faults),
              HasSubstr("expected nanoseconds"));
  EXPECT_THAT(ParseSimFaults("network_delay_ns=1us", faults),
              HasSubstr("1us"));
  EXPECT_THAT(ParseSimFaults("wait_cost_min_ns=0", faults),
              HasSubstr("at least 1"));
  faults = SimFaults{};
  EXPECT_THAT(ParseSimFaults("wake_latency_min_ns=9999", faults),
              HasSubstr("above its maximum"));
}

}  // namespace
}  // namespace ebbrt::platform
