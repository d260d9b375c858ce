// A packet on its way up, and what travels between the cores of an interface.
//
// Cores: one at a time. Ownership: owns its buffers.
#ifndef EBBRT_CORE_NET_IP_RECEIVED_PACKET_H_
#define EBBRT_CORE_NET_IP_RECEIVED_PACKET_H_

#include <variant>

#include "core/buf/iobuf_chain.h"
#include "core/net/ip/flow.h"
#include "core/net/ip/outgoing_frame.h"
#include "core/net/wire/arp.h"
#include "core/net/wire/ipv4.h"

namespace ebbrt::ip {

struct ReceivedPacket {
  Ipv4Header header;
  IOBufChain payload;  // Without the header, and without padding.
  bool checksum_good = false;  // The transport's; else nobody has looked.
  bool to_group = false;       // Sent to several, of whom we are one.
  bool core_decided = false;   // Not to be passed on once more.
};

// To the home of a flow, which another core was thought to have.
struct FlowGone {
  Flow flow;
};

// A packet whose flow lives on another core, what a neighbour said, a frame of
// a core that has no queue, and that a flow has ended.
using PassedOn =
    std::variant<ReceivedPacket, ArpMessage, OutgoingFrame, FlowGone>;

}  // namespace ebbrt::ip

#endif  // EBBRT_CORE_NET_IP_RECEIVED_PACKET_H_
