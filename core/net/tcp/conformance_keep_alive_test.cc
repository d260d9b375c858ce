// Keep-alive, packet by packet, by RFC 9293 section 3.8.4 and RFC 1122 section
// 4.2.3.6.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "core/net/tcp/options.h"
#include "core/net/tcp/testing/script.h"

namespace ebbrt::tcp {
namespace {

using std::chrono::seconds;
using testing::RunScript;
using testing::ScriptSetup;

// An open connection. A segment without text that stands before what the peer
// has acknowledged (0:0) is the question.
void RunOpen(const std::string& script, const ScriptSetup& setup = {}) {
  RunScript(R"(
    +0 listen
    +0 < S 0:0 win 1000 <mss 1460>
    +0 > S. 0:0 ack 1
    +0 < . 1:1 ack 1 win 1000
    +0 ! connected
  )" + script,
            setup);
}

// MUST-24, MUST-25.
TEST(TcpKeepAlive, IsOffUnlessItIsAskedFor) { RunOpen("+100000000 idle"); }

// MUST-28: no less than two hours.
TEST(TcpKeepAlive, WaitsForTwoHoursByDefault) {
  ScriptSetup setup;
  setup.options.keep_alive = KeepAlive();
  RunOpen(R"(
    +7200000 > . 0:0 ack 1
    +100     < . 1:1 ack 1 win 1000
    +7200000 > . 0:0 ack 1
  )",
          setup);
}

// MUST-29: one without an answer says nothing.
TEST(TcpKeepAlive, GivesUpOnlyAfterAllItsProbes) {
  RunOpen(R"(
    +0      keepalive 100 3 10
    +100000 > . 0:0 ack 1
    +10000  > . 0:0 ack 1
    +10000  > . 0:0 ack 1
    +10000  > R. 1:1 ack 1
    +0      ! closed DEADLINE_EXCEEDED
  )");
}

TEST(TcpKeepAlive, AnyAnswerWillDo) {
  RunOpen(R"(
    +0      keepalive 100 2 10
    +100000 > . 0:0 ack 1
    +10000  > . 0:0 ack 1
    +9000   < . 1:1 ack 1 win 1000
    +100000 > . 0:0 ack 1
    +10000  > . 0:0 ack 1
    +10000  > R. 1:1 ack 1
    +0      ! closed DEADLINE_EXCEEDED
  )");
}

// A peer that has started anew.
TEST(TcpKeepAlive, AResetIsAnAnswerToo) {
  RunOpen(R"(
    +0      keepalive 100 2 10
    +100000 > . 0:0 ack 1
    +50     < R 1:1
    +0      ! closed UNAVAILABLE
  )");
}

// MUST-26: not while there has been anything from the peer.
TEST(TcpKeepAlive, TextOfThePeerPutsItOff) {
  RunOpen(R"(
    +0     keepalive 100 2 10
    +60000 < P. 1:101 ack 1 win 1000
    +0     ! received 100
    +5     > . 1:1 ack 101
    +99995 > . 0:0 ack 101
  )");
}

// MUST-26: nor while something is outstanding, which has a timeout.
TEST(TcpKeepAlive, WhatIsOutstandingPutsItOff) {
  ScriptSetup setup;
  setup.options.give_up = seconds(10);
  RunOpen(R"(
    +0    keepalive 2 2 1
    +0    send 100
    +0    > P. 1:101 ack 1
    +1000 > P. 1:101 ack 1
    +2000 > P. 1:101 ack 1
    +4000 > P. 1:101 ack 1
    +8000 > R. 101:101 ack 1
    +0    ! closed DEADLINE_EXCEEDED
  )",
          setup);
}

TEST(TcpKeepAlive, TheProbesOfAClosedWindowTakeItsPlace) {
  RunOpen(R"(
    +0    keepalive 2 2 1
    +0    < . 1:1 ack 1 win 0
    +0    send 500
    +1000 > . 0:0 ack 1
    +0    < . 1:1 ack 1 win 0
    +2000 > . 0:0 ack 1
    +0    < . 1:1 ack 1 win 0
    +4000 > . 0:0 ack 1
    +0    < . 1:1 ack 1 win 0
  )");
}

// A connection that we have closed and the peer has not.
TEST(TcpKeepAlive, FindsThePeerOfAHalfClosedConnectionGone) {
  RunOpen(R"(
    +0      keepalive 100 2 10
    +0      close
    +0      > F. 1:1 ack 1
    +10     < . 1:1 ack 2 win 1000
    +100000 > . 1:1 ack 1
    +10000  > . 1:1 ack 1
    +10000  > R. 2:2 ack 1
    +0      ! closed DEADLINE_EXCEEDED
  )");
}

// MUST-24: for each connection.
TEST(TcpKeepAlive, IsTurnedOffAndOn) {
  ScriptSetup setup;
  setup.options.keep_alive = {
      .idle = seconds(100), .probes = 2, .interval = seconds(10)};
  RunOpen(R"(
    +0      keepalive off
    +500000 idle
    +0      keepalive 1000 2 20
    +500000 > . 0:0 ack 1
    +20000  > . 0:0 ack 1
    +0      keepalive off
    +500000 idle
  )",
          setup);
}

}  // namespace
}  // namespace ebbrt::tcp
