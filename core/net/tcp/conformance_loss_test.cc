// What is lost comes again, and what is forged does nothing: packet by packet,
// by the sections of the RFCs.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "core/net/tcp/options.h"
#include "core/net/tcp/testing/script.h"

namespace ebbrt::tcp {
namespace {

using testing::RunScript;
using testing::ScriptSetup;

void RunOpen(const std::string& options, const std::string& script,
             const ScriptSetup& setup = {}) {
  const bool timestamps = options.find("ts") != std::string::npos;
  RunScript("+0 listen\n+0 < S 0:0 win 50000 <mss 1000" + options +
                ">\n+0 > S. 0:0 ack 1\n+100 < . 1:1 ack 1 win 50000" +
                (timestamps ? " <ts 100 0>" : "") + "\n+0 ! connected\n" +
                script,
            setup);
}

// RFC 6298 section 5. The first round trip of 100 ms makes 100 + 4 * 50.
TEST(TcpLoss, ATimeoutBacksOff) {
  ScriptSetup setup;
  setup.options.give_up = std::chrono::seconds(8);
  RunOpen("", R"(
    +0    send 100
    +0    > P. 1:101 ack 1
    +300  > P. 1:101 ack 1
    +600  > P. 1:101 ack 1
    +1200 > P. 1:101 ack 1
    +2400 > P. 1:101 ack 1
    +4800 > R. 101:101 ack 1
    +0    ! closed DEADLINE_EXCEEDED
  )",
          setup);
}

// RFC 8985 section 7: a tail that is lost is asked for before the timeout.
TEST(TcpLoss, ATailIsProbed) {
  RunOpen(",sackok", R"(
    +0   send 2000
    +0   > . 1:1001 ack 1
    +0   > P. 1001:2001 ack 1
    +200 > P. 1001:2001 ack 1
    +100 < . 1:1 ack 1 win 50000 <sack 1001:2001>
    +0   > P. 1:1001 ack 1
    +100 < . 1:1 ack 2001 win 50000
    +0   send 10
    +0   > P. 2001:2011 ack 1
  )");
}

// RFC 8985 section 6, RFC 6937: three segments beyond a gap.
TEST(TcpLoss, AGapIsRepairedAtOnce) {
  RunOpen(",sackok", R"(
    +0   send 5000
    +0   > . 1:1001 ack 1
    +0   > . 1001:2001 ack 1
    +0   > . 2001:3001 ack 1
    +0   > . 3001:4001 ack 1
    +0   > P. 4001:5001 ack 1
    +100 < . 1:1 ack 1 win 50000 <sack 1001:2001>
    +1   < . 1:1 ack 1 win 50000 <sack 1001:3001>
    +1   < . 1:1 ack 1 win 50000 <sack 1001:4001>
    +0   > P. 1:1001 ack 1
    +1   < . 1:1 ack 1 win 50000 <sack 1001:5001>
    +100 < . 1:1 ack 5001 win 50000
  )");
}

// RFC 8985 section 6.2: with one segment beyond, a quarter of a round trip.
TEST(TcpLoss, AFewSegmentsBeyondAGapTakeAMoment) {
  RunOpen(",sackok", R"(
    +0   send 2000
    +0   > . 1:1001 ack 1
    +0   > P. 1001:2001 ack 1
    +100 < . 1:1 ack 1 win 50000 <sack 1001:2001>
    +25  > P. 1:1001 ack 1
    +100 < . 1:1 ack 2001 win 50000
  )");
}

// RFC 6582 section 3.2: without SACK, duplicates are counted.
TEST(TcpLoss, ThreeDuplicatesRepair) {
  RunOpen("", R"(
    +0   send 6000
    +0   > . 1:1001 ack 1
    +0   > . 1001:2001 ack 1
    +0   > . 2001:3001 ack 1
    +0   > . 3001:4001 ack 1
    +0   > . 4001:5001 ack 1
    +0   > P. 5001:6001 ack 1
    +100 < . 1:1 ack 1 win 50000
    +0   < . 1:1 ack 1 win 50000
    +0   < . 1:1 ack 1 win 50000
    +0   > P. 1:1001 ack 1
    +0   < . 1:1 ack 1 win 50000
    +100 < . 1:1 ack 3001 win 50000
    +0   > P. 3001:4001 ack 1
    +100 < . 1:1 ack 6001 win 50000
  )");
}

// RFC 3522: an echo from before the retransmission shows it was for nothing.
TEST(TcpLoss, ASpuriousTimeoutIsUndone) {
  RunOpen(",ts 0 0", R"(
    +0   send 3952
    +0   > . 1:989 ack 1
    +0   > . 989:1977 ack 1
    +0   > . 1977:2965 ack 1
    +0   > P. 2965:3953 ack 1
    +300 > P. 1:989 ack 1
    +10  < . 1:1 ack 989 win 50000 <ts 400 100>
    +0   send 1976
    +0   > . 3953:4941 ack 1
    +0   > P. 4941:5929 ack 1
  )");
}

// RFC 5961 section 3.2.
TEST(TcpForged, ResetsMustBeExact) {
  RunOpen("", R"(
    +0 < R 0:0 win 0
    +0 < R 2:2 win 0
    +0 > . 1:1 ack 1
    +0 < R 70000:70000 win 0
    +0 < R 1:1 win 0
    +0 ! closed UNAVAILABLE
  )");
}

// RFC 5961 sections 4.2 and 7.
TEST(TcpForged, SynsAreChallengedTenTimesInFiveSeconds) {
  std::string script;
  for (int i = 0; i < 10; ++i) {
    script += "+0 < S 1:1 win 0\n+0 > . 1:1 ack 1\n";
  }
  script += "+0 < S 1:1 win 0\n+4000 < S 100:100 win 0\n";
  script += "+1000 < S 100:100 win 0\n+0 > . 1:1 ack 1\n";
  RunOpen("", script);
}

// RFC 5961 section 5.2.
TEST(TcpForged, AcknowledgmentsMustBeOfWhatWasSent) {
  RunOpen("", R"(
    +0 < P. 1:11 ack 2 win 50000
    +0 > . 1:1 ack 1
    +0 < P. 1:11 ack -50001 win 50000
    +0 > . 1:1 ack 1
    +0 < P. 1:11 ack 0 win 50000
    +0 ! received 10
    +5 > . 1:1 ack 11
  )");
}

// RFC 7323 section 5.
TEST(TcpForged, TimestampsMustNotGoBack) {
  RunOpen(",ts 100 0", R"(
    +0 < P. 1:11 ack 1 win 50000 <ts 200 0>
    +0 ! received 10
    +5 > . 1:1 ack 11 <ts 105 200>
    +0 < P. 11:21 ack 1 win 50000 <ts 199 0>
    +0 > . 1:1 ack 11 <ts 105 200>
    +0 < P. 11:21 ack 1 win 50000
    +0 < P. 11:21 ack 1 win 50000 <ts 200 0>
    +0 ! received 10
    +5 > . 1:1 ack 21 <ts 110 200>
  )");
}

TEST(TcpForged, WhatIsOutsideOfTheWindowIsAnswered) {
  RunOpen("", R"(
    +0 < . 70000:70010 ack 1 win 50000
    +0 > . 1:1 ack 1
    +0 < . -10:0 ack 1 win 50000
    +0 > . 1:1 ack 1
    +0 < P 1:11 win 50000
    +9 idle
  )");
}

}  // namespace
}  // namespace ebbrt::tcp
