// DHCP messages.
//
// Only the options that a client sends or heeds are values; others are stepped
// over. Options may go on in the fields for names (option 52).
//
// Cores: any. Ownership: values. Blocks, allocates: never.
// Bound: kDhcpDnsServersMax; of more the first count. Units: seconds.
// Errors: Malformed. Source: RFC 2131 section 2; RFC 2132.
#ifndef EBBRT_CORE_NET_WIRE_DHCP_H_
#define EBBRT_CORE_NET_WIRE_DHCP_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/net/nic.h"
#include "core/net/wire/ipv4_address.h"
#include "core/net/wire/parsed.h"

namespace ebbrt {

inline constexpr uint16_t kDhcpServerPort = 67;
inline constexpr uint16_t kDhcpClientPort = 68;
// Every message that we write; relays of BOOTP's time want 300 at least.
inline constexpr size_t kDhcpMessageBytes = 312;
inline constexpr size_t kDhcpDnsServersMax = 3;
inline constexpr uint32_t kDhcpForever = 0xffffffff;

enum class DhcpType : uint8_t {
  kDiscover = 1,
  kOffer = 2,
  kRequest = 3,
  kDecline = 4,
  kAck = 5,
  kNak = 6,
  kRelease = 7,
  kInform = 8,
};

struct DhcpMessage {
  bool is_reply = false;
  uint32_t transaction = 0;
  uint16_t seconds = 0;    // Since the client began.
  bool broadcast = false;  // Please answer to everybody.
  Ipv4Address client = {};  // The client's, if it has one.
  Ipv4Address yours = {};   // What it is offered.
  MacAddress client_mac = {};

  // Options; unspecified or none where there is no such option.
  DhcpType type = DhcpType::kDiscover;
  Ipv4Address subnet_mask = {};
  Ipv4Address router = {};
  Ipv4Address server = {};
  Ipv4Address requested = {};
  std::array<Ipv4Address, kDhcpDnsServersMax> dns_servers = {};
  std::optional<uint32_t> lease_seconds = {};
  std::optional<uint32_t> renewal_seconds = {};
  std::optional<uint32_t> rebinding_seconds = {};

  friend bool operator==(const DhcpMessage&, const DhcpMessage&) = default;
};

// A message without a type is no DHCP: Malformed::kValue.
Parsed<DhcpMessage> ParseDhcp(std::span<const std::byte> bytes);

// REQUIRES: kDhcpMessageBytes at `to`. A request asks for what ParseDhcp heeds.
void WriteDhcp(const DhcpMessage& message, std::byte* to);

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_WIRE_DHCP_H_
