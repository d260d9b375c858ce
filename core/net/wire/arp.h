// Address resolution messages, for IPv4 over Ethernet.
//
// Cores: any. Ownership: values. Blocks, allocates: never.
// Errors: Malformed: too short, or for another kind of address (kVersion), or
// of an operation that is neither request nor reply (kValue).
// Source: RFC 826.
#ifndef EBBRT_CORE_NET_WIRE_ARP_H_
#define EBBRT_CORE_NET_WIRE_ARP_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/net/nic.h"
#include "core/net/wire/ipv4_address.h"
#include "core/net/wire/parsed.h"

namespace ebbrt {

inline constexpr size_t kArpBytes = 28;

struct ArpMessage {
  bool is_reply = false;
  MacAddress sender_mac = {};
  Ipv4Address sender = {};
  MacAddress target_mac = {};
  Ipv4Address target = {};
  friend bool operator==(const ArpMessage&, const ArpMessage&) = default;
};

// Of what stands behind the Ethernet header; padding behind it is ignored.
Parsed<ArpMessage> ParseArp(std::span<const std::byte> bytes);

// REQUIRES: kArpBytes at `to`.
void WriteArp(const ArpMessage& message, std::byte* to);

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_WIRE_ARP_H_
