#include "core/net/wire/icmp.h"

#include "core/net/wire/big_endian.h"

namespace ebbrt {

Parsed<IcmpHeader> ParseIcmp(std::span<const std::byte> message) {
  if (message.size() < kIcmpHeaderBytes) return Malformed::kTooShort;
  const std::byte* at = message.data();
  return IcmpHeader{.type = static_cast<IcmpType>(at[0]),
                    .code = std::to_integer<uint8_t>(at[1]),
                    .rest = LoadBig<uint32_t>(at + 4)};
}

void WriteIcmp(const IcmpHeader& header, std::byte* to) {
  to = StoreBig(to, static_cast<uint8_t>(header.type));
  to = StoreBig(to, header.code);
  to = StoreBig(to, uint16_t{0});
  StoreBig(to, header.rest);
}

Parsed<IcmpQuotation> ParseIcmpQuotation(std::span<const std::byte> bytes) {
  Parsed<Ipv4Header> packet = ParseQuotedIpv4(bytes);
  if (!packet) return packet.reason();
  std::span<const std::byte> quoted = bytes.subspan(packet->header_bytes);
  if (quoted.size() < kIcmpQuotedBytes) return Malformed::kTooShort;
  // Only the first fragment begins with ports.
  if (packet->fragment_offset != 0) return Malformed::kValue;
  return IcmpQuotation{.packet = *packet,
                       .source_port = LoadBig<uint16_t>(quoted.data()),
                       .destination_port = LoadBig<uint16_t>(quoted.data() + 2),
                       .sequence = LoadBig<uint32_t>(quoted.data() + 4)};
}

}  // namespace ebbrt
