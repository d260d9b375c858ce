// The TCP header as bytes and as values.
//
// A parsed header is made of what the bytes say and of nothing else: numbers
// are in host order, an option that is malformed ends the options, and one
// that is unknown is skipped.
//
// Cores: any. Ownership: values. Blocks, allocates: never.
// Bound: kTcpHeaderBytesMax. Units: bytes.
// Errors: none, where the bytes are no header.
// Source: RFC 9293 section 3.1; RFC 7323 sections 2.2 and 3.2 (scale,
// timestamps); RFC 2018 sections 2 and 3 (SACK); RFC 3168 section 6.1 (ECN).
#ifndef EBBRT_CORE_NET_WIRE_TCP_HEADER_H_
#define EBBRT_CORE_NET_WIRE_TCP_HEADER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/buf/iobuf_chain.h"

namespace ebbrt {

inline constexpr size_t kTcpHeaderBytesMin = 20;
inline constexpr size_t kTcpHeaderBytesMax = 60;
// Where the checksum stands, from the beginning of the header.
inline constexpr size_t kTcpChecksumOffset = 16;
// With timestamps a header has room for three of these.
inline constexpr size_t kTcpSackBlocksMax = 4;
// What the options take in every segment, once timestamps are agreed on.
inline constexpr size_t kTcpTimestampOptionBytes = 12;

namespace tcp_flag {
inline constexpr uint8_t kFin = 0x01;
inline constexpr uint8_t kSyn = 0x02;
inline constexpr uint8_t kRst = 0x04;
inline constexpr uint8_t kPsh = 0x08;
inline constexpr uint8_t kAck = 0x10;
inline constexpr uint8_t kUrg = 0x20;
inline constexpr uint8_t kEce = 0x40;
inline constexpr uint8_t kCwr = 0x80;
}  // namespace tcp_flag

// [begin, end) in sequence space.
struct TcpSackBlock {
  uint32_t begin = 0;
  uint32_t end = 0;
  friend bool operator==(const TcpSackBlock&, const TcpSackBlock&) = default;
};

struct TcpTimestamps {
  uint32_t value = 0;
  uint32_t echo = 0;
  friend bool operator==(const TcpTimestamps&, const TcpTimestamps&) = default;
};

// The urgent pointer is neither read nor written: what it points to is data
// as any other (RFC 6093).
struct TcpHeader {
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  uint32_t sequence = 0;
  uint32_t acknowledgment = 0;
  uint8_t flags = 0;
  uint16_t window = 0;  // As it is sent, not scaled.

  // The options. The first three belong to segments with SYN.
  std::optional<uint16_t> segment_bytes_max;
  std::optional<uint8_t> window_shift;
  bool sack_permitted = false;
  std::optional<TcpTimestamps> timestamps;
  uint8_t sack_count = 0;
  std::array<TcpSackBlock, kTcpSackBlocksMax> sack_blocks = {};

  bool Has(uint8_t flag) const { return (flags & flag) != 0; }
  std::span<const TcpSackBlock> sacks() const {
    return {sack_blocks.data(), sack_count};
  }
  friend bool operator==(const TcpHeader&, const TcpHeader&) = default;
};

struct ParsedTcpHeader {
  TcpHeader header;
  size_t bytes;  // With its options; the payload stands behind them.
};

// None if `segment` does not begin with a whole header. The checksum is not
// looked at.
std::optional<ParsedTcpHeader> ParseTcpHeader(
    std::span<const std::byte> segment);
// The same, and takes the header off: the payload is left. Nothing is taken
// where there is none.
std::optional<TcpHeader> TakeTcpHeader(IOBufChain& segment);

// Writes it, with a checksum of zero, and returns how many bytes it has, a
// multiple of four. REQUIRES: options that fit into kTcpHeaderBytesMax.
size_t WriteTcpHeader(const TcpHeader& header,
                      std::span<std::byte, kTcpHeaderBytesMax> to);

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_WIRE_TCP_HEADER_H_
