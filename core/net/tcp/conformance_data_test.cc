// Data, windows and acknowledgments, packet by packet, by the sections of the
// RFCs.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "core/net/tcp/options.h"
#include "core/net/tcp/testing/script.h"

namespace ebbrt::tcp {
namespace {

using testing::RunScript;
using testing::ScriptSetup;

// A connection without options, a segment of 1000 bytes each way.
void RunOpen(const std::string& script, const ScriptSetup& setup = {}) {
  RunScript(R"(
    +0 listen
    +0 < S 0:0 win 50000 <mss 1000>
    +0 > S. 0:0 ack 1
    +0 < . 1:1 ack 1 win 50000
    +0 ! connected
  )" + script,
            setup);
}

void RunOpenWithSack(const std::string& script,
                     const ScriptSetup& setup = {}) {
  RunScript(R"(
    +0 listen
    +0 < S 0:0 win 50000 <mss 1000,sackok>
    +0 > S. 0:0 ack 1
    +0 < . 1:1 ack 1 win 50000
    +0 ! connected
  )" + script,
            setup);
}

// RFC 9293 section 3.8.6.3.
TEST(TcpAcknowledgment, WaitsForAReply) {
  RunOpen(R"(
    +0 < P. 1:101 ack 1 win 50000
    +0 ! received 100
    +0 send 50
    +0 > P. 1:51 ack 101
    +9 < . 101:101 ack 51 win 50000
    +9 < P. 101:201 ack 51 win 50000
    +0 ! received 100
    +5 > . 51:51 ack 201
  )");
}

TEST(TcpAcknowledgment, OfTwoSegmentsComesAtOnce) {
  RunOpen(R"(
    +0 < ~. 1:1001 ack 1 win 50000
    +0 ! received 1000
    +0 < . 1001:2001 ack 1 win 50000
    +0 ! received 1000
    +0 > . 1:1 ack 2001
  )");
}

TEST(TcpAcknowledgment, IsOneForABurst) {
  RunOpen(R"(
    +0 < ~. 1:1001 ack 1 win 50000
    +0 < ~. 1001:2001 ack 1 win 50000
    +0 < ~. 2001:3001 ack 1 win 50000
    +0 < ~. 3001:4001 ack 1 win 50000
    +0 < . 4001:5001 ack 1 win 50000
    +0 > . 1:1 ack 5001
    +0 ! received 1000
    +0 ! received 1000
    +0 ! received 1000
    +0 ! received 1000
    +0 ! received 1000
  )");
}

// RFC 5681 section 4.2, RFC 2018 section 4, RFC 2883 section 4.
TEST(TcpAcknowledgment, TellsOfGapsAndDuplicatesAtOnce) {
  RunOpenWithSack(R"(
    +0 < . 1001:2001 ack 1 win 50000
    +0 > . 1:1 ack 1 <sack 1001:2001>
    +0 < . 3001:4001 ack 1 win 50000
    +0 > . 1:1 ack 1 <sack 3001:4001 1001:2001>
    +0 < . 5001:6001 ack 1 win 50000
    +0 > . 1:1 ack 1 <sack 5001:6001 3001:4001 1001:2001>
    +0 < . 3001:4001 ack 1 win 50000
    +0 > . 1:1 ack 1 <sack 3001:4001 3001:4001 5001:6001 1001:2001>
    +0 < . 2001:3001 ack 1 win 50000
    +0 > . 1:1 ack 1 <sack 1001:4001 5001:6001>
    +0 < . 1:1001 ack 1 win 50000
    +0 ! received 4000
    +0 > . 1:1 ack 4001 <sack 5001:6001>
    +0 < . 1:1001 ack 1 win 50000
    +0 > . 1:1 ack 4001 <sack 1:1001 5001:6001>
    +0 < . 3501:5001 ack 1 win 50000
    +0 ! received 2000
    +0 > . 1:1 ack 6001 <sack 3501:4001>
  )");
}

// RFC 6093: what is urgent is data as any other.
TEST(TcpAcknowledgment, UrgentDataIsData) {
  RunOpen(R"(
    +0 < PU. 1:11 ack 1 win 50000
    +0 ! received 10
    +5 > . 1:1 ack 11
  )");
}

// RFC 9293 section 3.8.6.2.2; the window never shrinks.
TEST(TcpWindow, IsTheApplications) {
  RunOpen(R"(
    +0   window 3000
    +0   < . 1:2001 ack 1 win 50000
    +0   ! received 2000
    +0   > . 1:1 ack 2001 win 63535
    +0   < . 2001:5001 ack 1 win 50000
    +0   ! received 1000
    +0   > . 1:1 ack 5001 win 60535
    +100 window 1500
    +0   ! received 1500
    +100 window unlimited
    +0   ! received 500
    +0   < P. 5001:5002 ack 1 win 50000
    +0   ! received 1
    +5   > . 1:1 ack 5002 win 65534
  )");
}

TEST(TcpWindow, ClosedIsReopenedByAnUpdate) {
  ScriptSetup setup;
  setup.options.receive_window_max = 4000;
  RunOpen(R"(
    +0   window 0
    +0   < . 1:4001 ack 1 win 50000
    +0   > . 1:1 ack 4001 win 0
    +300 < . 4001:4002 ack 1 win 50000    # A probe.
    +0   > . 1:1 ack 4001 win 0
    +0   window 100
    +0   ! received 100
    +0   window 10000
    +0   > . 1:1 ack 4001 win 4000
    +0   ! received 3900
    +0   < . 4001:4002 ack 1 win 50000
    +0   ! received 1
    +5   > . 1:1 ack 4002 win 3999
  )",
          setup);
}

// RFC 9293 section 3.8.6.1.
TEST(TcpWindow, ClosedIsProbed) {
  RunOpen(R"(
    +0     < . 1:1 ack 1 win 0
    +0     send 500
    +1000  > . 0:0 ack 1
    +0     < . 1:1 ack 1 win 0
    +2000  > . 0:0 ack 1
    +0     < . 1:1 ack 1 win 0
    +4000  > . 0:0 ack 1
    +0     < . 1:1 ack 1 win 0
    +3000  < . 1:1 ack 1 win 2000
    +0     > P. 1:501 ack 1
  )");
}

TEST(TcpWindow, ClosedHoldsBackFinUntilItIsTheProbe) {
  RunOpen(R"(
    +0     < . 1:1 ack 1 win 0
    +0     close
    +0     > F. 1:1 ack 1
  )");
}

TEST(TcpWindow, AProbeWithoutAnswerGivesUp) {
  ScriptSetup setup;
  setup.options.give_up = std::chrono::seconds(10);
  RunOpen(R"(
    +0     < . 1:1 ack 1 win 0
    +0     send 500
    +1000  > . 0:0 ack 1
    +2000  > . 0:0 ack 1
    +4000  > . 0:0 ack 1
    +8000  > R. 1:1 ack 1
    +0     ! closed DEADLINE_EXCEEDED
  )",
          setup);
}

// RFC 9293 section 3.8.6.2.1.
TEST(TcpWindow, SmallOnesAreNotFilledByBits) {
  RunOpen(R"(
    +0     < . 1:1 ack 1 win 600
    +0     send 1000
    +1000  > . 1:601 ack 1
    +10    < . 1:1 ack 601 win 300
    +210   > . 601:901 ack 1
    +10    < . 1:1 ack 901 win 600        # Now it is all there is.
    +0     > P. 901:1001 ack 1
  )");
}

// RFC 7323 section 2.3.
TEST(TcpWindow, IsScaled) {
  RunScript(R"(
    +0 listen
    +0 < S 0:0 win 100 <mss 1000,scale 3>
    +0 > S. 0:0 ack 1 win 65535 <mss 1460,scale 5>
    +0 < . 1:1 ack 1 win 200
    +0 ! connected
    +0 send 5000
    +0 > . 1:1001 ack 1 win 32768
    +0 < . 1:1 ack 1001 win 200
    +0 > . 1001:2001 ack 1
  )");
}

// RFC 9293 section 3.7.4.
TEST(TcpNagle, HoldsBackWhatDoesNotFillASegment) {
  ScriptSetup setup;
  setup.options.nagle = true;
  RunOpen(R"(
    +0  send 100
    +0  > P. 1:101 ack 1
    +0  send 100
    +10 < . 1:1 ack 101 win 50000
    +0  > P. 101:201 ack 1
    +0  send 1100
    +0  > . 201:1201 ack 1
    +10 < . 1:1 ack 1201 win 50000
    +0  > P. 1201:1301 ack 1
  )",
          setup);
}

TEST(TcpNagle, IsOffByDefault) {
  RunOpen(R"(
    +0 send 100
    +0 > P. 1:101 ack 1
    +0 send 100
    +0 > P. 101:201 ack 1
  )");
}

// RFC 8200 would have it RFC 1191: what does not fit is cut, and is no loss of
// congestion. RFC 5927 section 7: a forged one is not believed.
TEST(TcpPath, ShrinksByIcmp) {
  RunOpen(R"(
    +0 send 2000
    +0 > . 1:1001 ack 1
    +0 > P. 1001:2001 ack 1
    +0 icmp mtu 5000 600
    +0 icmp mtu 1 600
    +0 > P. 1:601 ack 1
    +0 > P. 601:1001 ack 1
    +0 > P. 1001:1601 ack 1
    +0 > P. 1601:2001 ack 1
  )");
}

TEST(TcpPath, LeavesCuttingToTheDevice) {
  ScriptSetup setup;
  setup.cut_bytes_max = 8000;
  RunOpenWithSack(R"(
    +0 send 4500
    +0 > . 1:4001 ack 1
    +0 > P. 4001:4501 ack 1
    +9 < . 1:1 ack 1 win 50000 <sack 3001:4501>
    +2.25 > P. 1:1001 ack 1
    +9 < . 1:1 ack 1001 win 50000 <sack 3001:4501>
    +0 > P. 1001:3001 ack 1
  )",
                  setup);
}

// RFC 3168 section 6.1.
TEST(TcpEcn, IsAcceptedAndEchoed) {
  RunScript(R"(
    +0 listen
    +0 < SEW 0:0 win 50000 <mss 1000>
    +0 > SE. 0:0 ack 1
    +0 < . 1:1 ack 1 win 50000
    +0 ! connected
    +0 < P. 1:101 ack 1 win 50000 ce
    +0 ! received 100
    +0 send 10
    +0 > PE. 1:11 ack 101 ect
    +0 < . 101:101 ack 11 win 50000
    +0 < PW. 101:201 ack 11 win 50000
    +0 ! received 100
    +5 > . 11:11 ack 201
    +0 send 10
    +0 > P. 11:21 ack 201 ect
    +9 < E. 201:201 ack 21 win 50000
    +0 send 10
    +0 > PW. 21:31 ack 201 ect
  )");
}

TEST(TcpEcn, IsRequestedAndGivenUp) {
  ScriptSetup setup;
  setup.options.ecn = EcnUse::kRequest;
  RunScript(R"(
    +0    connect
    +0    > SEW 0:0
    +1000 > SEW 0:0
    +2000 > S 0:0
    +9    < S. 0:0 ack 1 win 1000 <mss 1000>
    +0    ! connected
    +0    > . 1:1 ack 1
    +0    send 10
    +0    > P. 1:11 ack 1
  )",
            setup);
}

}  // namespace
}  // namespace ebbrt::tcp
