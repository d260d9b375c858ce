// The beginnings of packets: as one run of bytes, and whose they are.
//
// Cores: any. Ownership: the packet's. Blocks: never. Allocates: Front, where
// a header does not stand in one buffer. Errors: nothing is returned.
#ifndef EBBRT_CORE_NET_IP_PACKET_FRONT_H_
#define EBBRT_CORE_NET_IP_PACKET_FRONT_H_

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>

#include "core/buf/iobuf_chain.h"
#include "core/buf/iobuf_cursor.h"
#include "core/net/ip/flow.h"
#include "core/net/ip/received_packet.h"

namespace ebbrt::ip {

// The chain's first bytes as one run: all of it, or at least `bytes`. Empty
// where there is no memory for that.
inline std::span<const std::byte> Front(IOBufChain& chain, size_t bytes) {
  if (chain.empty()) return {};
  bytes = std::min(bytes, chain.length());
  if (chain.front().length() < bytes && chain.Coalesce(bytes) == nullptr) {
    return {};
  }
  return chain.front().bytes();
}

// Of a packet of TCP or UDP, which has its ports first; none: it is too short.
inline std::optional<Flow> FlowOf(const ReceivedPacket& packet) {
  Flow flow = {.local = packet.header.destination,
               .remote = packet.header.source,
               .local_port = 0,
               .remote_port = 0};
  IOBufCursor cursor(packet.payload);
  flow.remote_port = cursor.Read16();
  flow.local_port = cursor.Read16();
  if (cursor.failed()) return std::nullopt;
  return flow;
}

}  // namespace ebbrt::ip

#endif  // EBBRT_CORE_NET_IP_PACKET_FRONT_H_
