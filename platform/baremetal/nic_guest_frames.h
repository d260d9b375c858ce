// The frames that nic_guest and its peer on the host exchange
// (image/nic_peer.py):
//
//   destination 6 | source 6 | 0x88b5 | request 1 | what belongs to it
//
// kEcho also with headers of IPv4 and of UDP or TCP behind the addresses, so
// that a NIC can tell flows apart.
//
// Cores: any. Allocates: yes. Errors: a frame that is none of these is kNone.
// Source: IEEE 802 (0x88b5 is for local experiments); RFC 826, 791, 9293.
#ifndef EBBRT_PLATFORM_BAREMETAL_NIC_GUEST_FRAMES_H_
#define EBBRT_PLATFORM_BAREMETAL_NIC_GUEST_FRAMES_H_

#include <cstdint>
#include <optional>
#include <string>

#include "core/buf/iobuf_chain.h"
#include "core/net/nic.h"

namespace ebbrt::guest {

using Frame = std::string;

enum class Request : char {
  kNone = 0,
  kEcho = 'E',
  // Send payload bytes (2) as a TCP segment, or as segments of at most (2)
  // where that is not zero, all sums by the device.
  kSegments = 'S',
  kQuit = 'Q',
};
Request RequestIn(const Frame& frame);

// Of a frame that is a TCP segment, as Nic::QueueOf has it.
struct TcpFlow {
  uint32_t source;
  uint32_t destination;
  uint16_t source_port;
  uint16_t destination_port;
};
std::optional<TcpFlow> TcpFlowOf(const Frame& frame);

Frame Flatten(const IOBufChain& chain);
// Back to where it came from. REQUIRES: its first buffer can be written.
void TurnRound(IOBufChain& chain);

struct Outgoing {
  IOBufChain frame;
  TransmitRequest request;
};
// What kSegments asks for, in buffers of several lengths; or, where the NIC
// does not have it, the request itself as an answer.
Outgoing SegmentsFor(const Frame& request, const Nic& nic);

// Who has the gateway of QEMU's own network? And the answer, if it is one.
IOBufChain ArpRequest(const Nic& nic);
std::optional<MacAddress> ReadArpReply(const Frame& frame);

}  // namespace ebbrt::guest

#endif  // EBBRT_PLATFORM_BAREMETAL_NIC_GUEST_FRAMES_H_
