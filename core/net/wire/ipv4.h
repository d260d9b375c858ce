// The IPv4 header.
//
// Cores: any. Ownership: values. Blocks, allocates: never.
// Bound: kIpv4HeaderBytesMax. Units: bytes.
// Errors: Malformed. Options are stepped over; a source route is therefore not
// followed (RFC 1122 section 3.2.1.8 lets a host ignore it).
// Source: RFC 791 section 3.1; RFC 2474, RFC 3168 (the second byte).
#ifndef EBBRT_CORE_NET_WIRE_IPV4_H_
#define EBBRT_CORE_NET_WIRE_IPV4_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/net/wire/ipv4_address.h"
#include "core/net/wire/parsed.h"

namespace ebbrt {

inline constexpr size_t kIpv4HeaderBytes = 20;  // Without options.
inline constexpr size_t kIpv4HeaderBytesMax = 60;
inline constexpr size_t kIpv4PacketBytesMax = 65535;
// What every link must carry and every host accept (RFC 791 section 3.2).
inline constexpr size_t kIpv4MtuMin = 68;
inline constexpr size_t kIpv4AcceptedBytesMin = 576;

inline constexpr uint8_t kProtocolIcmp = 1;
inline constexpr uint8_t kProtocolTcp = 6;
inline constexpr uint8_t kProtocolUdp = 17;

struct Ipv4Header {
  Ipv4Address source = {};
  Ipv4Address destination = {};
  uint8_t protocol = 0;
  uint8_t time_to_live = 64;
  uint8_t traffic_class = 0;  // Six bits of DSCP, two of ECN.
  uint16_t identification = 0;
  bool dont_fragment = false;
  bool more_fragments = false;
  uint16_t fragment_offset = 0;  // A multiple of 8.
  uint16_t total_bytes = 0;      // With the header.
  uint8_t header_bytes = kIpv4HeaderBytes;

  size_t payload_bytes() const { return size_t{total_bytes} - header_bytes; }
  bool is_fragment() const { return more_fragments || fragment_offset != 0; }
  friend bool operator==(const Ipv4Header&, const Ipv4Header&) = default;
};

// Of a whole packet of `packet_bytes`, whose first bytes stand in `packet`:
// as many as it has, or at least kIpv4HeaderBytesMax. What follows the packet
// (padding of a frame) counts as well.
Parsed<Ipv4Header> ParseIpv4(std::span<const std::byte> packet,
                             size_t packet_bytes);

// Of a packet that an ICMP error quotes the beginning of: its length goes
// beyond what is there, and its checksum was not ours to check.
Parsed<Ipv4Header> ParseQuotedIpv4(std::span<const std::byte> packet);

// Writes a header without options, with its checksum.
// REQUIRES: kIpv4HeaderBytes at `to`; header_bytes says so.
void WriteIpv4(const Ipv4Header& header, std::byte* to);

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_WIRE_IPV4_H_
