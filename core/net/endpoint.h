// Internet addresses and endpoints, as values.
//
// Cores: any. Blocks, allocates: never, but for the text forms.
// Errors: text that is no address is a status that quotes it.
// Source: RFC 4291 (IPv6 addresses, section 2.2 text form; 2.5.5.2 mapped).
#ifndef EBBRT_CORE_NET_ENDPOINT_H_
#define EBBRT_CORE_NET_ENDPOINT_H_

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace ebbrt {

// An IPv4 or IPv6 address. IPv4 is kept as an IPv4-mapped IPv6 address, so
// that one form serves tables and comparisons.
class IpAddress {
 public:
  // The unspecified IPv4 address, 0.0.0.0.
  constexpr IpAddress() : IpAddress(V4(0, 0, 0, 0)) {}

  static constexpr IpAddress V4(uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
    return IpAddress(
        {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d});
  }
  static constexpr IpAddress V6(const std::array<uint8_t, 16>& bytes) {
    return IpAddress(bytes);
  }
  static absl::StatusOr<IpAddress> Parse(std::string_view text);

  constexpr bool is_v4() const {
    for (int i = 0; i < 10; ++i) {
      if (bytes_[i] != 0) return false;
    }
    return bytes_[10] == 0xff && bytes_[11] == 0xff;
  }
  // All 16 bytes, in network order; the last four are an IPv4 address's.
  constexpr const std::array<uint8_t, 16>& bytes() const { return bytes_; }

  std::string ToString() const;

  // As two words, each eight bytes of it as they stand there.
  constexpr std::array<uint64_t, 2> words() const {
    return std::bit_cast<std::array<uint64_t, 2>>(bytes_);
  }

  friend constexpr auto operator<=>(const IpAddress&,
                                    const IpAddress&) = default;
  // Compared with every segment: the default calls memcmp.
  friend constexpr bool operator==(const IpAddress& a, const IpAddress& b) {
    return a.words() == b.words();
  }
  template <typename H>
  friend H AbslHashValue(H hash, const IpAddress& address) {
    return H::combine(std::move(hash), address.bytes_);
  }

 private:
  constexpr explicit IpAddress(const std::array<uint8_t, 16>& bytes)
      : bytes_(bytes) {}

  std::array<uint8_t, 16> bytes_;
};

inline constexpr IpAddress kLoopbackV4 = IpAddress::V4(127, 0, 0, 1);

// An address and a port, in host order.
struct Endpoint {
  IpAddress address;
  uint16_t port = 0;

  // "10.0.0.1:80", "[::1]:80".
  static absl::StatusOr<Endpoint> Parse(std::string_view text);
  std::string ToString() const;

  friend constexpr auto operator<=>(const Endpoint&, const Endpoint&) = default;
  template <typename H>
  friend H AbslHashValue(H hash, const Endpoint& endpoint) {
    return H::combine(std::move(hash), endpoint.address, endpoint.port);
  }
};

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_ENDPOINT_H_
