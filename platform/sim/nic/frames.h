// What a switch and a NIC look at in a frame.
//
// Cores: any. Blocks, allocates: never. Errors: a frame too short for what is
// asked of it has none of it.
// Source: IEEE 802.3; RFC 791; RFC 3168, section 5; RFC 1624 (checksum).
#ifndef EBBRT_PLATFORM_SIM_NIC_FRAMES_H_
#define EBBRT_PLATFORM_SIM_NIC_FRAMES_H_

#include <cstdint>
#include <optional>

#include "core/base/random.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/nic.h"

namespace ebbrt::platform {

inline constexpr size_t kEthernetHeaderBytes = 14;
// Preamble, check sequence and gap, and what the shortest frame is filled to.
inline constexpr size_t kFrameOverheadBytes = 24;
inline constexpr size_t kFrameBytesMin = 60;

std::optional<MacAddress> DestinationOf(const IOBufChain& frame);

// The addresses and ports of TCP or UDP over IPv4.
struct FrameTuple {
  uint32_t source = 0;
  uint32_t destination = 0;
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
};
std::optional<FrameTuple> TupleOf(const IOBufChain& frame);

// Replaces an IPv4 packet by one in which one bit is another, behind the check
// sequence's back: its own checksums tell. False: the frame has none of those,
// or there is no memory.
bool FlipBit(IOBufChain& frame, Random& random);

// Marks an IPv4 or IPv6 packet that says it can be (ECT) as having met
// congestion (CE). The frame may be copied. False: it cannot be marked.
bool MarkCongestion(IOBufChain& frame);

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_NIC_FRAMES_H_
