// What the ends of the flow network's connections and sockets send each other.
//
// A message of a connection is never lost for good while its ends live: where
// the fabric loses it, it is sent again after a while, and the receiver puts
// messages in order. So what a fault costs is time, as with TCP, whose segments
// are not simulated one by one. One that has come to a node which goes before
// it is served is lost likewise.
//
// Cores: the host thread that simulates. Ownership: of the pool, to which a
// message goes back by itself when it has been served or dropped.
// Bound: FlowMessage::kTriesMax. Source: RFC 6298 (retransmission), RFC 1122,
// section 4.2.3.5 (giving up).
#ifndef EBBRT_PLATFORM_SIM_NETWORK_FLOW_MESSAGE_H_
#define EBBRT_PLATFORM_SIM_NETWORK_FLOW_MESSAGE_H_

#include <cstddef>
#include <cstdint>

#include "core/base/intrusive_queue.h"
#include "core/base/types.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/endpoint.h"
#include "platform/sim/network/fabric.h"
#include "platform/sim/sim_node.h"

namespace ebbrt::platform {

class FlowWorld;

// Names an end: a connection or a socket of a core, in one life of its node.
struct FlowAddress {
  uint32_t node = 0;
  uint32_t life = 0;
  SimCore* core = nullptr;  // Null: it is not known.
  uint64_t key = 0;  // 0: whoever listens.
  uint32_t place = 0;  // Of a connection, among all (FlowWorld).
};

class FlowMessage final : public Parcel, public SimInterrupt {
 public:
  enum class Kind : uint8_t {
    kConnect,   // `from` wants to open a connection.
    kAccepted,  // It is open, and `from` is its other end.
    kData,      // The next bytes of the stream.
    kTaken,     // The handler was given `bytes` of what had been sent.
    kClosed,    // No more data will come.
    kReset,     // The connection is gone.
    kTimedOut,  // Not sent: `from` does not hear of `to` any more.
    kDatagram,
  };

  static constexpr uint8_t kCountMax = 255;
  static constexpr uint32_t kTriesMax = 10;
  static constexpr Duration kRetryFirst = std::chrono::milliseconds(200);
  static constexpr Duration kRetryLast = std::chrono::seconds(60);
  // What stands around a segment on the wire: preamble, gap, Ethernet, IPv4 and
  // TCP with timestamps; and the payload of one.
  static constexpr uint64_t kHeaderBytes = 90;
  static constexpr uint64_t kSegmentBytes = 1448;

  explicit FlowMessage(FlowWorld& world) : world_(world) {}

  void SetWireBytes() {
    uint64_t segments = (data.length() + kSegmentBytes - 1) / kSegmentBytes;
    wire_bytes = data.length() + (segments == 0 ? 1 : segments) * kHeaderBytes;
  }

  void Serve() override;
  // The node that it has come to has gone.
  void Drop() override;
  void FetchServe(int step) const override;

  // First what an arrival touches, which is one cache line.
  uint32_t sequence = 0;  // Of its connection and direction.
  Kind kind = Kind::kData;
  uint8_t count = 1;      // Of messages that it stands for, from `sequence` on.

 private:
  bool retries_ = false;  // Scheduled in order to be sent again.
  uint8_t tries_ = 0;
  FlowWorld& world_;

 public:
  FlowAddress to;
  FlowAddress from;
  IOBufChain data;
  size_t bytes = 0;      // Of kTaken.
  Endpoint source;       // Of kConnect and kDatagram.
  Endpoint destination;  // The same.
  Endpoint listening;    // What it has found there, as it was bound.

 private:
  friend class FlowWorld;

  void Arrive(Time now) override;
  void FetchArrive(int step) const override;
  void Lose(Time now, Lost why) override;
  Parcel* Duplicate() override;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_NETWORK_FLOW_MESSAGE_H_
