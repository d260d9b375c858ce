// The UDP header. The checksum is the business of who has the addresses.
//
// Cores: any. Ownership: values. Blocks, allocates: never. Units: bytes.
// Errors: Malformed. Source: RFC 768.
#ifndef EBBRT_CORE_NET_WIRE_UDP_H_
#define EBBRT_CORE_NET_WIRE_UDP_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/net/wire/big_endian.h"
#include "core/net/wire/parsed.h"

namespace ebbrt {

inline constexpr size_t kUdpHeaderBytes = 8;
inline constexpr size_t kUdpChecksumOffset = 6;

struct UdpHeader {
  uint16_t source_port = 0;  // 0: none.
  uint16_t destination_port = 0;
  uint16_t total_bytes = 0;  // With the header.
  uint16_t checksum = 0;     // 0: the sender computed none.
  friend bool operator==(const UdpHeader&, const UdpHeader&) = default;
};

// Of a datagram of `datagram_bytes`, whose first bytes stand in `datagram`. It
// may be longer than its header says; the rest is no part of it.
inline Parsed<UdpHeader> ParseUdp(std::span<const std::byte> datagram,
                                  size_t datagram_bytes) {
  if (datagram.size() < kUdpHeaderBytes) return Malformed::kTooShort;
  const std::byte* at = datagram.data();
  UdpHeader header = {.source_port = LoadBig<uint16_t>(at),
                      .destination_port = LoadBig<uint16_t>(at + 2),
                      .total_bytes = LoadBig<uint16_t>(at + 4),
                      .checksum = LoadBig<uint16_t>(at + 6)};
  if (header.total_bytes < kUdpHeaderBytes ||
      header.total_bytes > datagram_bytes) {
    return Malformed::kLength;
  }
  if (header.destination_port == 0) return Malformed::kValue;
  return header;
}

// REQUIRES: kUdpHeaderBytes at `to`.
inline void WriteUdp(const UdpHeader& header, std::byte* to) {
  to = StoreBig(to, header.source_port);
  to = StoreBig(to, header.destination_port);
  to = StoreBig(to, header.total_bytes);
  StoreBig(to, header.checksum);
}

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_WIRE_UDP_H_
