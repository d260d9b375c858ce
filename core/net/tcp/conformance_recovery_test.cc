// How losses are repaired and what windows follow, packet by packet, by the
// sections of the RFCs.
#include <gtest/gtest.h>

#include <string>

#include "core/net/tcp/options.h"
#include "core/net/tcp/testing/script.h"

namespace ebbrt::tcp {
namespace {

using testing::RunScript;
using testing::ScriptSetup;

// A round trip of 20 ms, hence a timeout of 220 ms; ten segments of 1000 bytes
// are sent, and more waits.
void RunSending(const std::string& syn, const std::string& script,
                const ScriptSetup& setup = {}) {
  std::string sent;
  for (int i = 0; i < 10; ++i) {
    sent += "+0 > . " + std::to_string(i * 1000 + 1) + ":" +
            std::to_string(i * 1000 + 1001) + " ack 1\n";
  }
  RunScript("+0 listen\n+0 < " + syn + "\n+0 > S. 0:0\n" +
                "+20 < . 1:1 ack 1 win 50000\n+0 ! connected\n" +
                "+0 send 100000\n" + sent + script,
            setup);
}

constexpr char kPlain[] = "S 0:0 win 50000 <mss 1000>";
constexpr char kSack[] = "S 0:0 win 50000 <mss 1000,sackok>";

// RFC 3042: what duplicates show to have arrived makes room for what is new.
TEST(TcpRecovery, DuplicatesMakeRoom) {
  RunSending(kPlain, R"(
    +20 < . 1:1 ack 1 win 50000
    +0  > . 10001:11001
    +0  < . 1:1 ack 1 win 50000
    +0  > . 11001:12001
    +0  < . 1:1 ack 1 win 50000
    +0  > P. 1:1001
  )");
}

// RFC 6582 section 3.2: each partial acknowledgment shows the next loss.
TEST(TcpRecovery, NewRenoRepairsALossARoundTrip) {
  RunScript(R"(
    +0  listen
    +0  < S 0:0 win 50000 <mss 1000>
    +0  > S. 0:0
    +20 < . 1:1 ack 1 win 50000
    +0  ! connected
    +0  send 6000
    +0  > . 1:1001
    +0  > . 1001:2001
    +0  > . 2001:3001
    +0  > . 3001:4001
    +0  > . 4001:5001
    +0  > P. 5001:6001
    +20 < . 1:1 ack 1 win 50000
    +0  < . 1:1 ack 1 win 50000
    +0  < . 1:1 ack 1 win 50000
    +0  > P. 1:1001
    +20 < . 1:1 ack 2001 win 50000
    +0  > P. 2001:3001
    +20 < . 1:1 ack 6001 win 50000
    +9999 idle
  )");
}

// RFC 5681 section 3.1: the loss window, then slow start.
TEST(TcpRecovery, ATimeoutBeginsAnewWithOneSegment) {
  RunScript(R"(
    +0   listen
    +0   < S 0:0 win 50000 <mss 1000>
    +0   > S. 0:0
    +20  < . 1:1 ack 1 win 50000
    +0   ! connected
    +0   send 4000
    +0   > . 1:1001
    +0   > . 1001:2001
    +0   > . 2001:3001
    +0   > P. 3001:4001
    +220 > P. 1:1001
    +20  < . 1:1 ack 1001 win 50000
    +0   > P. 1001:2001
    +0   > P. 2001:3001
    +20  < . 1:1 ack 4001 win 50000
    +9999 idle
  )");
}

// RFC 8985 section 6.2: a retransmission that is lost is found by time, too,
// and so is what nothing was ever said of.
TEST(TcpRecovery, ALostRetransmissionIsRepaired) {
  RunScript(R"(
    +0  listen
    +0  < S 0:0 win 50000 <mss 1000,sackok>
    +0  > S. 0:0
    +20 < . 1:1 ack 1 win 50000
    +0  ! connected
    +0  send 6000
    +0  > . 1:1001
    +0  > . 1001:2001
    +0  > . 2001:3001
    +0  > . 3001:4001
    +0  > . 4001:5001
    +0  > P. 5001:6001
    +20 < . 1:1 ack 1 win 50000 <sack 1001:5001>
    +0  > P. 1:1001
    +1  send 1000
    +0  > P. 6001:7001
    +20 < . 1:1 ack 1 win 50000 <sack 6001:7001 1001:5001>
    +0  > P. 1:1001
    +0  > P. 5001:6001
    +20 < . 1:1 ack 7001 win 50000
    +9999 idle
  )");
}

// RFC 8985 section 6.2 step 4: where reordering has been seen, segments beyond
// a gap prove nothing, and only time does.
TEST(TcpRecovery, ReorderingIsNoLoss) {
  RunScript(R"(
    +0  listen
    +0  < S 0:0 win 50000 <mss 1000,sackok>
    +0  > S. 0:0
    +20 < . 1:1 ack 1 win 50000
    +0  ! connected
    +0  send 6000
    +0  > . 1:1001
    +0  > . 1001:2001
    +0  > . 2001:3001
    +0  > . 3001:4001
    +0  > . 4001:5001
    +0  > P. 5001:6001
    +20 < . 1:1 ack 1 win 50000 <sack 1001:2001>
    +2  < . 1:1 ack 2001 win 50000
    +0  < . 1:1 ack 2001 win 50000 <sack 3001:6001>
    +1  < . 1:1 ack 6001 win 50000
    +9999 idle
  )");
}

// RFC 8985 section 7.4.2: a probe that took the place of what was lost is a
// sign of congestion, seen when something newer is acknowledged; one that the
// peer reports as a duplicate is none.
TEST(TcpRecovery, ATailProbeTellsOfALoss) {
  constexpr char kProbed[] = R"(
    +0  listen
    +0  < S 0:0 win 50000 <mss 1000,sackok>
    +0  > S. 0:0
    +20 < . 1:1 ack 1 win 50000
    +0  ! connected
    +0  send 2000
    +0  > . 1:1001
    +0  > P. 1001:2001
    +40 > P. 1001:2001
  )";
  constexpr char kMore[] = R"(
    +0  send 10
    +0  > P. 2001:2011
    +20 < . 1:1 ack 2011 win 50000
    +0  send 9000
    +0  > . 2011:3011
    +0  > . 3011:4011
    +0  > . 4011:5011
    +0  > . 5011:6011
    +0  > . 6011:7011
    +0  > . 7011:8011
    +0  > . 8011:9011
  )";
  RunScript(std::string(kProbed) + "+20 < . 1:1 ack 2001 win 50000" + kMore);
  RunScript(std::string(kProbed) +
            "+20 < . 1:1 ack 2001 win 50000 <sack 1001:2001>" + kMore +
            "+0 > . 9011:10011\n+0 > P. 10011:11011");
}

// RFC 9438 section 4.6: seven tenths are left; RFC 5681 section 3.1: a half.
TEST(TcpRecovery, TheWindowIsLessAfterALoss) {
  const std::string half = R"(
    +20 < . 1:1 ack 1 win 50000 <sack 1001:10001>
    +0  > P. 1:1001
    +0  > . 10001:11001
    +0  > . 11001:12001
    +0  > . 12001:13001
    +0  > . 13001:14001
  )";
  ScriptSetup setup;
  setup.options.congestion = CongestionAlgorithm::kNewReno;
  RunSending(kSack, half, setup);
  setup.options.congestion = CongestionAlgorithm::kCubic;
  RunSending(kSack, half + "+0 > . 14001:15001\n+0 > . 15001:16001", setup);
}

// RFC 3168 section 6.1.2: once a round trip, be it for a mark or for a loss.
TEST(TcpRecovery, AMarkAndALossReduceTheWindowOnce) {
  RunScript(R"(
    +0  listen
    +0  < SEW 0:0 win 50000 <mss 1000,sackok>
    +0  > S.E 0:0
    +20 < . 1:1 ack 1 win 50000
    +0  ! connected
    +0  send 5000
    +0  > . 1:1001 ect
    +0  > . 1001:2001 ect
    +0  > . 2001:3001 ect
    +0  > . 3001:4001 ect
    +0  > P. 4001:5001 ect
    +20 < .E 1:1 ack 1001 win 50000
    +0  < .E 1:1 ack 1001 win 50000 <sack 2001:5001>
    +0  > P. 1001:2001
    +20 < . 1:1 ack 5001 win 50000
    +0  send 9000
    +0  > .W 5001:6001 ect
    +0  > . 6001:7001 ect
    +0  > . 7001:8001 ect
  )");
}

// RFC 2018 section 4, RFC 2883: the most recent first, a duplicate before all.
TEST(TcpRecovery, BlocksAreReportedInOrderOfAge) {
  RunScript(R"(
    +0 listen
    +0 < S 0:0 win 50000 <mss 1000,sackok>
    +0 > S. 0:0
    +0 < . 1:1 ack 1 win 50000
    +0 ! connected
    +0 < . 101:201 ack 1
    +0 > . 1:1 ack 1 <sack 101:201>
    +0 < . 301:401 ack 1
    +0 > . 1:1 ack 1 <sack 301:401 101:201>
    +0 < . 201:251 ack 1
    +0 > . 1:1 ack 1 <sack 101:251 301:401>
    +0 < . 301:401 ack 1
    +0 > . 1:1 ack 1 <sack 301:401 301:401 101:251>
    +0 < . 1:101 ack 1
    +0 > . 1:1 ack 251 <sack 301:401>
    +0 ! received 250
    +0 < . 1:101 ack 1
    +0 > . 1:1 ack 251 <sack 1:101 301:401>
    +0 < . 251:301 ack 1
    +0 > . 1:1 ack 401 <none>
    +0 ! received 150
  )");
}

}  // namespace
}  // namespace ebbrt::tcp
