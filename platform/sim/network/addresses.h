// The addresses of simulated nodes: 10.0.0.1 for node 0, and so on.
//
// Cores: any. Blocks, allocates: never. Bound: Simulation::kNodesMax nodes.
#ifndef EBBRT_PLATFORM_SIM_NETWORK_ADDRESSES_H_
#define EBBRT_PLATFORM_SIM_NETWORK_ADDRESSES_H_

#include <cstdint>
#include <optional>

#include "core/net/endpoint.h"

namespace ebbrt::platform {

// All of them are neighbours: 10.0.0.0/8.
inline constexpr uint32_t kSimPrefixBits = 8;

inline IpAddress SimAddressOf(uint32_t node) {
  uint32_t host = node + 1;
  return IpAddress::V4(10, static_cast<uint8_t>(host >> 16),
                       static_cast<uint8_t>(host >> 8),
                       static_cast<uint8_t>(host));
}

// The node that `self` reaches by an address; none if it is nobody's.
inline std::optional<uint32_t> SimNodeOf(const IpAddress& address,
                                         uint32_t self, size_t node_count) {
  if (!address.is_v4()) return std::nullopt;
  const auto& bytes = address.bytes();
  if (address == IpAddress() || bytes[12] == 127) return self;
  if (bytes[12] != 10) return std::nullopt;
  uint32_t host = uint32_t{bytes[13]} << 16 | uint32_t{bytes[14]} << 8 |
                  uint32_t{bytes[15]};
  if (host == 0 || host > node_count) return std::nullopt;
  return host - 1;
}

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_NETWORK_ADDRESSES_H_
