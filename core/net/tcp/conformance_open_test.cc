// Opening and closing, packet by packet, by the sections of the RFCs.
#include <gtest/gtest.h>

#include <chrono>

#include "core/net/tcp/options.h"
#include "core/net/tcp/testing/script.h"

namespace ebbrt::tcp {
namespace {

using testing::RunScript;
using testing::ScriptSetup;

// RFC 9293 section 3.5, figure 6.
TEST(TcpOpen, Passive) {
  RunScript(R"(
    +0  listen
    +0  < S 0:0 win 65535 <mss 1000,sackok,scale 7,ts 0 0>
    +0  > S. 0:0 ack 1 win 65535 <mss 1460,sackok,scale 5,ts 0 0>
    +30 < . 1:1 ack 1 win 512 <ts 30 0>
    +0  ! connected
    +0  send 1500
    +0  > . 1:989 ack 1 <ts 30 30>
    +0  > P. 989:1501 ack 1
  )");
}

TEST(TcpOpen, Active) {
  RunScript(R"(
    +0  connect
    +0  > S 0:0 win 65535 <mss 1460,sackok,scale 5,ts 0 0>
    +20 < S. 0:0 ack 1 win 65535 <mss 1460,sackok,scale 7,ts 5 0>
    +0  ! connected
    +0  > . 1:1 ack 1 <ts 20 5>
  )");
}

// An option that the peer does not offer is not used: RFC 7323 sections 2.2 and
// 3.2; and without MSS it is the default: RFC 9293 section 3.7.1.
TEST(TcpOpen, WithoutOptions) {
  RunScript(R"(
    +0 listen
    +0 < S 0:0 win 65535
    +0 > S. 0:0 ack 1 win 65535 <mss 1460>
    +0 < . 1:1 ack 1 win 2000
    +0 ! connected
    +0 send 700
    +0 > . 1:537 ack 1 win 65535 <none>
    +0 > P. 537:701 ack 1
  )");
}

// RFC 9293 section 3.5, figure 8.
TEST(TcpOpen, Simultaneous) {
  RunScript(R"(
    +0  connect
    +0  > S 0:0
    +10 < S 0:0 win 1000 <mss 1460>
    +0  > S. 0:0 ack 1 <mss 1460>
    +10 < S. 0:0 ack 1 win 1000 <mss 1460>
    +0  ! connected
    +0  > . 1:1 ack 1
  )");
}

TEST(TcpOpen, Refused) {
  RunScript(R"(
    +0  connect
    +0  > S 0:0
    +10 < R. 0:0 ack 1 win 0
    +0  ! closed UNAVAILABLE
  )");
}

// RFC 9293 section 3.10.7.3: a reset that acknowledges nothing of ours.
TEST(TcpOpen, IgnoresForgedResets) {
  RunScript(R"(
    +0  connect
    +0  > S 0:0
    +1  < R. 0:0 ack 2 win 0
    +1  < R 0:0 win 0
    +1  < . 0:0 ack 7 win 0
    +0  > R 7:7
    +1  < S. 0:0 ack 1 win 1000 <mss 1460>
    +0  ! connected
    +0  > . 1:1 ack 1
  )");
}

// RFC 6298 section 5 and RFC 1122 section 4.2.3.5.
TEST(TcpOpen, RepeatsAndGivesUp) {
  RunScript(R"(
    +0     connect
    +0     > S 0:0
    +1000  > S 0:0
    +2000  > S 0:0
    +4000  > S 0:0
    +8000  > S 0:0
    +16000 > S 0:0
    +32000 > S 0:0
    +60000 > S 0:0
    +60000 ! closed DEADLINE_EXCEEDED
  )");
}

TEST(TcpOpen, RepeatsItsAnswer) {
  RunScript(R"(
    +0     listen
    +0     < S 0:0 win 1000 <mss 1460>
    +0     > S. 0:0 ack 1
    +500   < S 0:0 win 1000 <mss 1460>
    +0     > S. 0:0 ack 1
    +500   > S. 0:0 ack 1
    +2000  > S. 0:0 ack 1
    +4000  > S. 0:0 ack 1
    +8000  > S. 0:0 ack 1
    +16000 > S. 0:0 ack 1
    +90000 idle
    +0     < . 1:1 ack 1 win 1000
    +0     > R 1:1
  )");
}

// RFC 9293 section 3.10.7.1.
TEST(TcpOpen, ResetsWhatBelongsToNobody) {
  RunScript(R"(
    +0 < S 0:0 win 1000 <mss 1460>
    +0 > R. 0:0 ack 1
    +0 < . 5:15 ack 77 win 1000
    +0 > R 77:77
    +0 < R 5:5 win 0
    +0 < F 5:5 win 0
    +0 > R. 0:0 ack 6
  )");
}

// Data with SYN is not taken, and comes again: RFC 9293 section 3.4.
TEST(TcpOpen, ToleratesDataWithSyn) {
  RunScript(R"(
    +0  listen
    +0  < S 0:10 win 1000 <mss 1460>
    +0  > S. 0:0 ack 1
    +0  < . 1:1 ack 1 win 1000
    +0  ! connected
    +10 < P. 1:11 ack 1 win 1000
    +0  ! received 10
    +5  > . 1:1 ack 11
  )");
}

// RFC 5927 section 6: hard errors end what is being opened, and nothing else.
TEST(TcpOpen, BelievesIcmpOnlyOfItsSyn) {
  RunScript(R"(
    +0  connect
    +0  > S 0:0
    +0  icmp refused 1
    +0  icmp unreachable 0
    +10 icmp refused 0
    +0  ! closed UNAVAILABLE
  )");
}

// RFC 4987 section 3.6.
TEST(TcpOpen, AnswersAFloodWithCookies) {
  ScriptSetup setup;
  setup.options.half_open_max = 0;
  RunScript(R"(
    +0  listen
    +0  < S 0:0 win 65535 <mss 1400,sackok,scale 7,ts 0 0>
    +0  > S. 0:0 ack 1 win 65535
    +90 < . 1:1 ack 1 win 10 <ts 90 0>
    +0  ! connected
    +0  send 1400
    +0  > . 1:1281 ack 1
    +0  idle
    +10 < . 1:1 ack 1281 win 10 <ts 100 90>
    +0  > P. 1281:1401 ack 1
  )",
            setup);
}

TEST(TcpOpen, RefusesForgedAndOldCookies) {
  ScriptSetup setup;
  setup.options.half_open_max = 0;
  RunScript(R"(
    +0      listen
    +0      < . 1:1 ack 12345 win 10
    +0      > R 12345:12345
    +0      < S 0:0 win 65535 <mss 1400>
    +0      > S. 0:0 ack 1 <mss 1460>
    +0      < . 1:1 ack 2 win 10        # A guess,
    +0      < . 1001:1001 ack 1 win 10  # or the second before the first.
    +200000 < . 1:1 ack 1 win 10
    +0      > R 1:1
  )",
            setup);
}

// RFC 9293 section 3.6, figure 12.
TEST(TcpClose, PeerFirst) {
  RunScript(R"(
    +0  listen
    +0  < S 0:0 win 1000 <mss 1460>
    +0  > S. 0:0 ack 1
    +0  < . 1:1 ack 1 win 1000
    +0  ! connected
    +0  < F. 1:1 ack 1 win 1000
    +0  ! peer closed
    +0  > . 1:1 ack 2
    +0  send 10
    +0  > P. 1:11 ack 2
    +0  close
    +0  > F. 11:11 ack 2
    +10 < . 2:2 ack 12 win 1000
    +0  ! closed OK
    +60000 idle
  )");
}

TEST(TcpClose, WeFirst) {
  RunScript(R"(
    +0  listen
    +0  < S 0:0 win 1000 <mss 1460>
    +0  > S. 0:0 ack 1
    +0  < . 1:1 ack 1 win 1000
    +0  ! connected
    +0  close
    +0  > F. 1:1 ack 1
    +10 < . 1:1 ack 2 win 1000
    +50 < P. 1:101 ack 2 win 1000
    +0  ! received 100
    +5  > . 2:2 ack 101
    +50 < F. 101:101 ack 2 win 1000
    +0  > . 2:2 ack 102
    +0  ! peer closed
    +0  ! closed OK
    +30000 < F. 101:101 ack 2 win 1000      # TIME-WAIT: our answer was lost.
    +0  > . 2:2 ack 102
    +59000 < R 102:102 win 0                # RFC 1337.
    +0  < F. 101:101 ack 2 win 1000
    +0  > . 2:2 ack 102
    +60001 < F. 101:101 ack 2 win 1000
    +0  > R 2:2
  )");
}

// RFC 9293 section 3.6, figure 13.
TEST(TcpClose, BothAtOnce) {
  RunScript(R"(
    +0  listen
    +0  < S 0:0 win 1000 <mss 1460>
    +0  > S. 0:0 ack 1
    +0  < . 1:1 ack 1 win 1000
    +0  ! connected
    +0  close
    +0  > F. 1:1 ack 1
    +10 < F. 1:1 ack 1 win 1000
    +0  ! peer closed
    +0  > . 2:2 ack 2
    +10 < . 2:2 ack 2 win 1000
    +0  ! closed OK
  )");
}

// RFC 6191 and RFC 9293 section 3.6.1.
TEST(TcpClose, TimeWaitGivesWayToANewerSyn) {
  RunScript(R"(
    +0  listen
    +0  < S 0:0 win 1000 <mss 1460,ts 0 0>
    +0  > S. 0:0 ack 1
    +0  < . 1:1 ack 1 win 1000 <ts 1 0>
    +0  ! connected
    +0  close
    +0  > F. 1:1 ack 1
    +10 < F. 1:1 ack 2 win 1000 <ts 10 0>
    +0  > . 2:2 ack 2
    +0  ! peer closed
    +0  ! closed OK
    +10 < S 1:1 win 1000 <mss 1460,ts 10 0>     # No newer.
    +0  > . 2:2 ack 2
    +10 < S -500:-500 win 1000 <mss 1460,ts 30 0>
    +0  > S. 7500:7500 ack -499
  )");
}

TEST(TcpClose, AbortSendsAReset) {
  RunScript(R"(
    +0  listen
    +0  < S 0:0 win 1000 <mss 1460>
    +0  > S. 0:0 ack 1
    +0  < . 1:1 ack 1 win 1000
    +0  ! connected
    +0  send 10
    +0  > P. 1:11 ack 1
    +0  abort
    +0  > R. 11:11 ack 1
    +0  ! closed CANCELLED
    +10 < . 1:1 ack 11 win 1000
    +0  > R 11:11
  )");
}

}  // namespace
}  // namespace ebbrt::tcp
