// One direction of a link between two hosts, in virtual time: what is sent
// arrives later, or not, or twice, or out of order.
//
//   Send --> [ buffer, drained at `rate` ] --> delay --> Receive
//
// Cores: one. Ownership: owns what is under way. Blocks: never.
// Allocates: packets; payloads are copied, as by devices.
// Bound: buffer_bytes, and what rate and delay let be under way.
// Units: bytes, bytes a second, Time.
// Errors: without memory a packet is lost.
#ifndef EBBRT_CORE_NET_TCP_TESTING_LINK_H_
#define EBBRT_CORE_NET_TCP_TESTING_LINK_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "core/base/random.h"
#include "core/base/types.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/endpoint.h"
#include "core/net/tcp/output.h"
#include "core/net/wire/tcp_header.h"

namespace ebbrt::tcp::testing {

struct LinkOptions {
  Duration delay = std::chrono::microseconds(50);
  uint64_t rate = 0;  // 0: no limit.
  // What waits for the rate; what comes beyond is dropped.
  uint64_t buffer_bytes = 256 * kKiB;
  // With that much waiting, what can be is marked and not dropped; 0: never.
  uint64_t mark_bytes = 0;
  double loss = 0;  // Corruption too: a wrong checksum is dropped.
  double duplication = 0;
  double reordering = 0;
  // What is reordered comes later by up to so much.
  Duration reordering_delay_max = std::chrono::milliseconds(2);
};

struct Packet {
  IpAddress source;
  IpAddress destination;
  TcpHeader header;
  IOBufChain payload;
  Ecn ecn = Ecn::kNotCapable;
};

class Link {
 public:
  Link(const LinkOptions& options, uint64_t seed)
      : options_(options), random_(seed) {}

  // Cuts a long segment, as a device does, and sends the pieces.
  void Send(const OutgoingSegment& segment, IOBufChain payload, Time now);
  // The next packet that has arrived by `now`.
  std::optional<Packet> Receive(Time now);
  Time next_arrival() const {
    return under_way_.empty() ? kTimeNever : under_way_.begin()->first.first;
  }

  // May change while packets are under way.
  LinkOptions& options() { return options_; }
  uint64_t packets() const { return packets_; }
  uint64_t dropped() const { return dropped_; }
  uint64_t marked() const { return marked_; }

 private:
  void SendPacket(Packet packet, Time now);
  void Arrive(Packet packet, Time when);

  LinkOptions options_;
  Random random_;
  // In order of arrival; what arrives at the same time in that of sending.
  std::map<std::pair<Time, uint64_t>, Packet> under_way_;
  Time free_at_{};  // When all that waits has been sent.
  uint64_t packets_ = 0;
  uint64_t arrivals_ = 0;
  uint64_t dropped_ = 0;
  uint64_t marked_ = 0;
};

// An independent copy of the bytes; none where memory is refused.
IOBufChain CopyOf(const IOBufChain& chain);

}  // namespace ebbrt::tcp::testing

#endif  // EBBRT_CORE_NET_TCP_TESTING_LINK_H_
