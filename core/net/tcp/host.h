// A core's TCP: connections, listeners, and which segment is whose.
//
// It is an engine without surroundings: segments and the time come in by calls,
// segments and one deadline go out by Output. It knows no IP, no device, no
// loop and no clock, so that a test runs two of them in a plain loop.
//
//   IP layer --OnSegment--> Host --> Connection --> TcpHandler (application)
//            <--Transmit--- Output <------'  <----- TcpConnection::Send
//
// What an application's handler is told comes from OnSegment, at its end, or
// from RunDeferred; never from OnTimer, and never from within a call that the
// application makes. A handler may block: other segments may be passed in
// meanwhile, so a caller keeps nothing across OnSegment and RunDeferred.
//
// Cores: one; connections never leave it. Ownership: owns its connections,
// which own their handlers; ending it drops them without a call.
// Blocks: only where a handler does. Allocates: connections; for segments
// views of their payload (IOBuf::Clone) and nothing in the steady state.
// Bound: core/net/tcp/options.h. Units: bytes, Time.
// Errors: what peers send is counted (counters), answered as the RFCs say, and
// touches no other connection. Where memory is refused, a segment counts as
// lost or a connection as not accepted.
// Source: RFC 9293; RFC 5961, 6528, 6056, 4987 (cookies), 5927 (ICMP).
#ifndef EBBRT_CORE_NET_TCP_HOST_H_
#define EBBRT_CORE_NET_TCP_HOST_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/types.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/endpoint.h"
#include "core/net/network.h"
#include "core/net/tcp/engine.h"
#include "core/net/tcp/options.h"
#include "core/net/tcp/output.h"
#include "core/net/tcp/syn_cookie.h"
#include "core/net/wire/tcp_header.h"

namespace ebbrt::tcp {

// The connection that an ICMP error is about, as its quotation tells.
struct IcmpQuotation {
  Endpoint local;
  Endpoint remote;
  uint32_t sequence = 0;
};

class Host {
 public:
  // `secret` is entropy (Platform::FillEntropy) that no peer can know.
  Host(const Options& options, Output& output, const HashKey& secret);
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // As Network::ListenTcp. Errors: kAlreadyExists, kResourceExhausted (no
  // port is free).
  absl::StatusOr<Endpoint> Listen(const Endpoint& local, TcpAcceptor acceptor);
  void StopListening(const Endpoint& local);

  // As Network::ConnectTcp, from `local`, an address of ours; port 0 stands
  // for any. On an error `handler` is left to the caller, who tells it, from
  // an event. Errors: kResourceExhausted, kAlreadyExists (there is such a
  // connection).
  absl::Status Connect(const Endpoint& local, const Endpoint& remote,
                       std::unique_ptr<TcpHandler>& handler);

  // A segment has come, whose checksum is right and whose destination is an
  // address of ours, neither a group's nor a broadcast's.
  void OnSegment(const IpAddress& source, const IpAddress& destination,
                 const TcpHeader& header, IOBufChain&& payload, Ecn ecn,
                 Time now);
  // After a burst of them: acknowledgments that waited for company go now.
  void OnBurstEnd(Time now);

  // Does what is due. Output::SetTimer says when it is.
  void OnTimer(Time now);
  // kTimeNever if nothing is.
  Time NextDeadline() { return engine_.NextDeadline(); }

  // Tells one handler what waits for an event of its own (Output::Defer).
  void RunDeferred();

  // ICMP: a packet was too big; `segment_bytes_max` is what now fits, as in
  // Path. Quotations of what is not in flight are ignored (RFC 5927).
  void OnPathMtu(const IcmpQuotation& quotation, uint16_t segment_bytes_max,
                 Time now);
  // ICMP: a packet did not arrive. It ends a connection that is being opened
  // if `refused` (a protocol or port does not exist), and otherwise is only
  // remembered, for the status of a connection that is given up.
  void OnUnreachable(const IcmpQuotation& quotation, bool refused);

  // Ends the connections whose local address is not ours any more: nothing
  // reaches them, and they would say what is not true.
  void EndWhere(const std::function<bool(const IpAddress& local)>& is_lost);

  // Whether there is a connection of this flow, or one in TIME-WAIT.
  bool Has(const Endpoint& local, const Endpoint& remote) const {
    return engine_.flows.Find({local, remote}) != nullptr;
  }

  const Counters& counters() const { return engine_.counters; }
  // Those of which handlers know or will know, TIME-WAIT excluded.
  size_t connection_count() const { return engine_.connection_count; }
  size_t half_open_count() const { return engine_.half_open_count; }
  size_t time_wait_count() const { return engine_.time_wait.size(); }

 private:
  // A segment of no connection; one that it opens begins behind `after`.
  void OnUnknownFlow(const FlowKey& key, const TcpHeader& header,
                     IOBufChain&& payload, Ecn ecn,
                     std::optional<Sequence> after, Time now);
  // True: the flow is free for a new connection that begins with this SYN.
  bool OnTimeWaitSegment(TimeWait& waiting, const TcpHeader& header,
                         uint32_t payload_bytes, Time now);
  void OnSyn(const FlowKey& key, const TcpHeader& header, Ecn ecn,
             std::optional<Sequence> after, Time now);
  // The connection that a cookie stands for; null if it is none.
  Connection* AcceptCookie(const FlowKey& key, const TcpHeader& header,
                           Time now);
  // RFC 6056 section 3.3.3: a keyed hash says where to begin. 0: none is free.
  uint16_t PickPort(const Endpoint& local, const Endpoint& remote);

  Engine engine_;
  SynCookies cookies_;
  uint64_t port_counter_ = 0;
};

}  // namespace ebbrt::tcp

#endif  // EBBRT_CORE_NET_TCP_HOST_H_
