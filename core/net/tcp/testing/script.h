// Scripts of packets: what comes in, what must go out, and when.
//
// A script is lines of text; each begins with the time since the line before,
// in milliseconds, and blank lines and `#` to the end of a line mean nothing.
//
//   +0   listen                          our side waits for a connection
//   +0   connect                         ... or opens one
//   +0   < S 0:0 win 65535 <mss 1460>    a segment comes in
//   +0   > S. 0:0 ack 1 <mss 1460>       a segment has gone out, now
//   +20  < . 1:1 ack 1 win 1000
//   +0   ! connected                     the handler was called
//   +0   send 1000                       the application's calls: also
//   +0   > P. 1:1001 ack 1               window N, close, abort,
//                                        keepalive IDLE PROBES INTERVAL (in
//                                        seconds), keepalive off
//   +500 idle                            time passes, and nothing happens
//
// Flags are S F R P . (ACK) E (ECE) W (CWR) U. Numbers begin:end are relative
// to the sender's first, as are acknowledgments to the other's: SYN is 0:0 and
// the first byte 1. Of an outgoing segment what a line does not say is not
// compared, but options are, all, where it has any: mss N, scale N, sackok,
// ts VALUE ECHO (relative to the first of each side), sack B:E ..., none.
// `ce` marks congestion, `ect` says that the segment allows it. A `~` before a
// flag's word joins the segment to the burst of the one before.
//
// Every segment sent and every call made must be in the script.
//
// Cores: one. Ownership: a Script owns its host. Blocks: never.
// Allocates: yes. Units: milliseconds, bytes.
// Errors: an expectation that fails names the line.
#ifndef EBBRT_CORE_NET_TCP_TESTING_SCRIPT_H_
#define EBBRT_CORE_NET_TCP_TESTING_SCRIPT_H_

#include <string_view>

#include "core/net/tcp/options.h"

namespace ebbrt::tcp::testing {

struct ScriptSetup {
  Options options;
  uint16_t segment_bytes_max = 1460;
  uint32_t cut_bytes_max = 0;
  // The first sequence number of the peer.
  uint32_t peer_sequence = 0xfffff000;
};

// Runs it; failures are those of the test at hand.
void RunScript(std::string_view script, const ScriptSetup& setup = {});

}  // namespace ebbrt::tcp::testing

#endif  // EBBRT_CORE_NET_TCP_TESTING_SCRIPT_H_
