// The Ethernet header.
//
// Cores: any. Ownership: values. Blocks, allocates: never.
// Errors: Malformed::kTooShort. Source: IEEE 802.3; RFC 894.
#ifndef EBBRT_CORE_NET_WIRE_ETHERNET_H_
#define EBBRT_CORE_NET_WIRE_ETHERNET_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "core/net/nic.h"
#include "core/net/wire/big_endian.h"
#include "core/net/wire/parsed.h"

namespace ebbrt {

inline constexpr size_t kEthernetHeaderBytes = 14;

inline constexpr uint16_t kEtherTypeIpv4 = 0x0800;
inline constexpr uint16_t kEtherTypeArp = 0x0806;

inline constexpr MacAddress kBroadcastMac = {
    {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

// Of several receivers: multicast or broadcast.
constexpr bool IsGroup(const MacAddress& address) {
  return (address.bytes[0] & 1) != 0;
}

struct EthernetHeader {
  MacAddress destination = {};
  MacAddress source = {};
  uint16_t type = 0;
};

inline MacAddress LoadMac(const std::byte* from) {
  MacAddress address;
  std::memcpy(address.bytes.data(), from, address.bytes.size());
  return address;
}
// Returns the byte behind it. REQUIRES: six bytes at `to`.
inline std::byte* StoreMac(std::byte* to, const MacAddress& address) {
  std::memcpy(to, address.bytes.data(), address.bytes.size());
  return to + address.bytes.size();
}

inline Parsed<EthernetHeader> ParseEthernet(std::span<const std::byte> frame) {
  if (frame.size() < kEthernetHeaderBytes) return Malformed::kTooShort;
  return EthernetHeader{.destination = LoadMac(frame.data()),
                        .source = LoadMac(frame.data() + 6),
                        .type = LoadBig<uint16_t>(frame.data() + 12)};
}

// REQUIRES: kEthernetHeaderBytes at `to`.
inline void WriteEthernet(const EthernetHeader& header, std::byte* to) {
  to = StoreMac(to, header.destination);
  to = StoreMac(to, header.source);
  StoreBig<uint16_t>(to, header.type);
}

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_WIRE_ETHERNET_H_
