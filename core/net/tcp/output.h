// What the TCP engine asks of what is around it, and all that it asks: to send
// segments, to know the way, the time, and to be called later.
//
// Cores: the Host's own. Ownership: outlives the Host; a payload belongs to
// whom it is passed to. Blocks: never. Allocates: the implementation's matter.
// Units: bytes, Time.
// Errors: none are reported: what cannot be sent is dropped, and comes again.
// Source: RFC 9293 section 3.9 (the interfaces of TCP).
#ifndef EBBRT_CORE_NET_TCP_OUTPUT_H_
#define EBBRT_CORE_NET_TCP_OUTPUT_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/types.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/endpoint.h"

namespace ebbrt::tcp {

// The two bits of the IP header, as they stand there (RFC 3168 section 5).
enum class Ecn : uint8_t {
  kNotCapable = 0,
  kCapable1 = 1,
  kCapable0 = 2,
  kCongestion = 3,
};

// Valid only during the call that it is passed to.
struct OutgoingSegment {
  const IpAddress& source;
  const IpAddress& destination;
  // Ready to be sent but for the checksum, which is zero: its offset is
  // kTcpChecksumOffset (core/net/wire/tcp_header.h).
  std::span<const std::byte> header;
  // Not 0: the payload is longer, and is to be cut into segments of so many
  // bytes, each with this header.
  uint16_t segment_bytes = 0;
  Ecn ecn = Ecn::kNotCapable;
};

struct Path {
  // The largest payload of a segment without options: MTU less the headers of
  // IP and TCP.
  uint16_t segment_bytes_max = 536;
  // The largest payload that Transmit cuts into segments; 0: it cuts none.
  uint32_t cut_bytes_max = 0;
};

class Output {
 public:
  // The payload is the sender's, which keeps it to send it again: what is
  // needed beyond the call is cloned, or copied where that costs less.
  virtual void Transmit(const OutgoingSegment& segment,
                        const IOBufChain& payload) = 0;

  // Of a new connection; later changes come by Host::OnPathMtu.
  virtual Path PathTo(const IpAddress& local, const IpAddress& remote) = 0;

  // Whether what `remote` sends to `local` arrives at this core, so that a
  // connection may be opened from there.
  virtual bool ArrivesHere(const Endpoint& local, const Endpoint& remote) = 0;

  virtual Time Now() = 0;

  // Host::OnTimer is to be called at `deadline`; replaces the one before.
  virtual void SetTimer(Time deadline) = 0;
  // Host::RunDeferred is to be called once, from an event of its own.
  virtual void Defer() = 0;

 protected:
  ~Output() = default;
};

}  // namespace ebbrt::tcp

#endif  // EBBRT_CORE_NET_TCP_OUTPUT_H_
