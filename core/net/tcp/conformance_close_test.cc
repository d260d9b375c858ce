// The ends of connections, and what keeps them from being held up, packet by
// packet, by the sections of the RFCs.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "core/net/tcp/options.h"
#include "core/net/tcp/testing/script.h"

namespace ebbrt::tcp {
namespace {

using testing::RunScript;
using testing::ScriptSetup;

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

// RFC 9293 section 3.10.7.4.
TEST(TcpEnd, AFinAcknowledgesOurs) {
  RunOpen(R"(
    +0 close
    +0 > F. 1:1 ack 1
    +0 < F. 1:1 ack 2
    +0 > . 2:2 ack 2
    +0 ! peer closed
    +0 ! closed OK
  )");
}

TEST(TcpEnd, AFinComesWithData) {
  RunOpen(R"(
    +0 < FP. 1:101 ack 1
    +0 > . 1:1 ack 102
    +0 ! received 100
    +0 ! peer closed
  )");
}

TEST(TcpEnd, AFinOvertakesData) {
  RunOpen(R"(
    +0 < F. 101:201 ack 1
    +0 > . 1:1 ack 1
    +0 < . 1:101 ack 1
    +0 > . 1:1 ack 202
    +0 ! received 200
    +0 ! peer closed
    +0 < F. 101:201 ack 1
    +0 > . 1:1 ack 202
  )");
}

TEST(TcpEnd, NothingFollowsAFin) {
  RunOpen(R"(
    +0    < F. 1:101 ack 1
    +0    > . 1:1 ack 102
    +0    ! received 100
    +0    ! peer closed
    +0    < P. 102:202 ack 1
    +9999 idle
  )");
}

TEST(TcpEnd, WeReceiveAfterOurFin) {
  RunOpen(R"(
    +0 send 10
    +0 > P. 1:11 ack 1
    +0 close
    +0 > F. 11:11 ack 1
    +0 < . 1:1 ack 12
    +0 < P. 1:101 ack 12
    +0 ! received 100
    +0 < F. 101:101 ack 12
    +0 > . 12:12 ack 102
    +0 ! peer closed
    +0 ! closed OK
  )");
}

TEST(TcpEnd, ALostFinIsRepeated) {
  RunOpen(R"(
    +0    close
    +0    > F. 1:1 ack 1
    +1000 > F. 1:1 ack 1
    +2000 > F. 1:1 ack 1
    +0    < . 1:1 ack 2
    +9999 idle
  )");
}

// RFC 9293 section 3.5.1, figure 10: the peer has crashed, and comes again.
TEST(TcpEnd, AHalfOpenConnectionIsDiscovered) {
  RunOpen(R"(
    +0 < S 4000:4000 win 50000 <mss 1000>
    +0 > . 1:1 ack 1
    +0 < R 1:1
    +0 ! closed UNAVAILABLE
  )");
}

// We have closed, the peer has acknowledged it and is never heard of again: of
// all that may last for ever this is what nobody would notice.
TEST(TcpEnd, AVanishedPeerIsFoundInFinWait2) {
  ScriptSetup setup;
  setup.options.keep_alive_probes = 2;
  setup.options.keep_alive_interval = std::chrono::seconds(10);
  RunOpen(R"(
    +0     close
    +0     > F. 1:1 ack 1
    +0     < . 1:1 ack 2
    +10000 > . 1:1 ack 1
    +1     < . 1:1 ack 2
    +10000 > . 1:1 ack 1
    +10000 > . 1:1 ack 1
    +10000 > R. 2:2 ack 1
    +0     ! closed DEADLINE_EXCEEDED
  )",
          setup);
}

// Section 3.10.7.4: a FIN that comes again is acknowledged and time begins
// anew; RFC 1337: a reset ends nothing.
TEST(TcpTimeWait, AnswersAFin) {
  RunOpen(R"(
    +0     close
    +0     > F. 1:1 ack 1
    +0     < F. 1:1 ack 2
    +0     > . 2:2 ack 2
    +0     ! peer closed
    +0     ! closed OK
    +40000 < F. 1:1 ack 2
    +0     > . 2:2 ack 2
    +40000 < R 2:2
    +0     < . 2:2 ack 2
    +0     < F. 1:1 ack 2
    +0     > . 2:2 ack 2
    +60000 < F. 1:1 ack 2
    +0     > R 2:2
  )");
}

// RFC 6191 section 2.
TEST(TcpTimeWait, GivesWayByTimestamps) {
  RunScript(R"(
    +0 listen
    +0 < S 0:0 win 50000 <mss 1000,ts 100 0>
    +0 > S. 0:0 ack 1
    +0 < . 1:1 ack 1 win 50000 <ts 100 0>
    +0 ! connected
    +0 close
    +0 > F. 1:1 ack 1
    +0 < F. 1:1 ack 2 <ts 100 0>
    +0 > . 2:2 ack 2
    +0 ! peer closed
    +0 ! closed OK
    +0 < S 9000:9000 win 50000 <mss 1000,ts 99 0>
    +0 > . 2:2 ack 2
  )");
}

// However often the peer asks, a handshake that it does not complete ends.
TEST(TcpEnd, AHandshakeIsNotKeptAliveByRepetition) {
  RunScript(R"(
    +0     listen
    +0     < S 0:0 win 50000 <mss 1000>
    +0     > S. 0:0 ack 1
    +0     < S 0:0 win 50000 <mss 1000>
    +0     > S. 0:0 ack 1
    +1000  > S. 0:0 ack 1
    +0     < S 0:0 win 50000 <mss 1000>
    +0     > S. 0:0 ack 1
    +2000  > S. 0:0 ack 1
    +4000  > S. 0:0 ack 1
    +7999  < S 0:0 win 50000 <mss 1000>
    +0     > S. 0:0 ack 1
    +1     > S. 0:0 ack 1
    +16000 > S. 0:0 ack 1
    +32000 < . 1:1 ack 1
    +0     > R 1:1
  )");
}

// RFC 5961 section 5.2, RFC 2018: nonsense is neither believed nor a loss.
TEST(TcpForged, BlocksOfNonsenseAreIgnored) {
  RunScript(R"(
    +0  listen
    +0  < S 0:0 win 50000 <mss 1000,sackok>
    +0  > S. 0:0
    +20 < . 1:1 ack 1 win 50000
    +0  ! connected
    +0  send 2000
    +0  > . 1:1001
    +0  > P. 1001:2001
    +1  < . 1:1 ack 1 win 50000 <sack 1001:2002 5000:4000 1001:1001 -900:1001>
    +1  < . 1:1 ack 1 win 50000 <sack 1002:2000>
    +18 < . 1:1 ack 2001 win 50000
    +9999 idle
  )");
}

TEST(TcpBound, OfWhatIsHeldOutOfOrder) {
  ScriptSetup setup;
  setup.options.held_buffers_connection_max = 2;
  RunScript(R"(
    +0 listen
    +0 < S 0:0 win 50000 <mss 1000,sackok>
    +0 > S. 0:0
    +0 < . 1:1 ack 1 win 50000
    +0 ! connected
    +0 < . 101:201 ack 1
    +0 > . 1:1 ack 1 <sack 101:201>
    +0 < . 201:301 ack 1
    +0 > . 1:1 ack 1 <sack 101:301>
    +0 < . 301:401 ack 1
    +0 > . 1:1 ack 1 <sack 101:301>
    +0 < . 1:101 ack 1
    +0 > . 1:1 ack 301
    +0 ! received 300
  )",
            setup);
}

TEST(TcpBound, OfConnections) {
  ScriptSetup setup;
  setup.options.connections_max = 0;
  RunScript(R"(
    +0 listen
    +0 < S 0:0 win 50000 <mss 1000>
    +0 idle
  )",
            setup);
}

}  // namespace
}  // namespace ebbrt::tcp
