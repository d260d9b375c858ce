#include "core/net/wire/ipv4.h"

#include "core/base/check.h"
#include "core/net/wire/big_endian.h"
#include "core/net/wire/checksum.h"

namespace ebbrt {
namespace {

constexpr uint16_t kDontFragment = 0x4000;
constexpr uint16_t kMoreFragments = 0x2000;
constexpr uint16_t kOffsetMask = 0x1fff;  // In units of 8 bytes.

// What both ways of parsing have in common.
Parsed<Ipv4Header> ParseFields(std::span<const std::byte> packet) {
  if (packet.size() < kIpv4HeaderBytes) return Malformed::kTooShort;
  const std::byte* at = packet.data();
  const auto first = std::to_integer<uint8_t>(at[0]);
  if (first >> 4 != 4) return Malformed::kVersion;
  const uint16_t fragment = LoadBig<uint16_t>(at + 6);
  Ipv4Header header = {
      .source = Ipv4Address(LoadBig<uint32_t>(at + 12)),
      .destination = Ipv4Address(LoadBig<uint32_t>(at + 16)),
      .protocol = std::to_integer<uint8_t>(at[9]),
      .time_to_live = std::to_integer<uint8_t>(at[8]),
      .traffic_class = std::to_integer<uint8_t>(at[1]),
      .identification = LoadBig<uint16_t>(at + 4),
      .dont_fragment = (fragment & kDontFragment) != 0,
      .more_fragments = (fragment & kMoreFragments) != 0,
      .fragment_offset = static_cast<uint16_t>((fragment & kOffsetMask) * 8),
      .total_bytes = LoadBig<uint16_t>(at + 2),
      .header_bytes = static_cast<uint8_t>((first & 0xf) * 4)};
  if (header.header_bytes < kIpv4HeaderBytes ||
      header.total_bytes < header.header_bytes) {
    return Malformed::kLength;
  }
  if (header.header_bytes > packet.size()) return Malformed::kTooShort;
  return header;
}

}  // namespace

Parsed<Ipv4Header> ParseIpv4(std::span<const std::byte> packet,
                             size_t packet_bytes) {
  Parsed<Ipv4Header> header = ParseFields(packet);
  if (!header) return header;
  if (header->total_bytes > packet_bytes) return Malformed::kLength;
  const uint16_t checksum =
      header->header_bytes == kIpv4HeaderBytes
          ? InternetChecksum(packet.first<kIpv4HeaderBytes>())
          : InternetChecksum(packet.first(header->header_bytes));
  if (checksum != 0) {
    return Malformed::kChecksum;
  }
  // All but the last carry a multiple of 8, and none goes beyond the longest
  // packet (RFC 791 section 3.2).
  const size_t payload = header->payload_bytes();
  if ((header->more_fragments && payload % 8 != 0) ||
      header->fragment_offset + payload >
          kIpv4PacketBytesMax - header->header_bytes) {
    return Malformed::kLength;
  }
  return header;
}

Parsed<Ipv4Header> ParseQuotedIpv4(std::span<const std::byte> packet) {
  return ParseFields(packet);
}

void WriteIpv4(const Ipv4Header& header, std::byte* to) {
  EBBRT_DCHECK(header.header_bytes == kIpv4HeaderBytes &&
               header.fragment_offset % 8 == 0);
  constexpr uint16_t kVersionAndLength = 4 << 12 | (kIpv4HeaderBytes / 4) << 8;
  const auto fragment = static_cast<uint16_t>(
      header.fragment_offset / 8 |
      (header.dont_fragment ? kDontFragment : 0) |
      (header.more_fragments ? kMoreFragments : 0));
  std::byte* at = to;
  at = StoreBig(at, static_cast<uint16_t>(kVersionAndLength |
                                          header.traffic_class));
  at = StoreBig(at, header.total_bytes);
  at = StoreBig(at, header.identification);
  at = StoreBig(at, fragment);
  at = StoreBig(at, header.time_to_live);
  at = StoreBig(at, header.protocol);
  std::byte* checksum = at;
  at = StoreBig(at, uint16_t{0});
  at = StoreBig(at, header.source.value());
  StoreBig(at, header.destination.value());
  StoreBig(checksum, InternetChecksum(
                         std::span<const std::byte, kIpv4HeaderBytes>(
                             to, kIpv4HeaderBytes)));
}

}  // namespace ebbrt
