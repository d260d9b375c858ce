// An IPv4 address as one number, for headers and tables of IPv4 alone; what
// faces applications is IpAddress (core/net/endpoint.h).
//
// Cores: any. Blocks, allocates: never. Errors: none.
// Source: RFC 1122 section 3.2.1.3 (special addresses).
#ifndef EBBRT_CORE_NET_WIRE_IPV4_ADDRESS_H_
#define EBBRT_CORE_NET_WIRE_IPV4_ADDRESS_H_

#include <compare>
#include <cstdint>
#include <string>
#include <utility>

#include "core/net/endpoint.h"

namespace ebbrt {

class Ipv4Address {
 public:
  constexpr Ipv4Address() = default;  // 0.0.0.0: unspecified.
  constexpr explicit Ipv4Address(uint32_t value) : value_(value) {}
  constexpr Ipv4Address(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
      : value_(uint32_t{a} << 24 | uint32_t{b} << 16 | uint32_t{c} << 8 | d) {}
  // The last four bytes. REQUIRES: address.is_v4().
  constexpr explicit Ipv4Address(const IpAddress& address)
      : Ipv4Address(address.bytes()[12], address.bytes()[13],
                    address.bytes()[14], address.bytes()[15]) {}

  constexpr IpAddress ToIpAddress() const {
    return IpAddress::V4(static_cast<uint8_t>(value_ >> 24),
                         static_cast<uint8_t>(value_ >> 16),
                         static_cast<uint8_t>(value_ >> 8),
                         static_cast<uint8_t>(value_));
  }
  std::string ToString() const { return ToIpAddress().ToString(); }

  // The first byte is the most significant.
  constexpr uint32_t value() const { return value_; }
  constexpr bool unspecified() const { return value_ == 0; }
  constexpr bool is_loopback() const { return value_ >> 24 == 127; }
  constexpr bool is_multicast() const { return value_ >> 28 == 0xe; }
  // Of the link, 255.255.255.255.
  constexpr bool is_broadcast() const { return value_ == ~uint32_t{0}; }

  friend constexpr auto operator<=>(Ipv4Address, Ipv4Address) = default;
  template <typename H>
  friend H AbslHashValue(H hash, Ipv4Address address) {
    return H::combine(std::move(hash), address.value_);
  }

 private:
  uint32_t value_ = 0;
};

inline constexpr Ipv4Address kBroadcastV4{255, 255, 255, 255};

// The bits that the addresses of a network of `prefix_bits` have in common.
// REQUIRES: prefix_bits <= 32.
constexpr uint32_t PrefixMask(uint32_t prefix_bits) {
  return prefix_bits == 0 ? 0 : ~uint32_t{0} << (32 - prefix_bits);
}

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_WIRE_IPV4_ADDRESS_H_
