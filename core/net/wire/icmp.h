// ICMP messages: their header, and the packet that an error quotes.
//
// Cores: any. Ownership: values. Blocks, allocates: never. Units: bytes.
// Errors: Malformed. The checksum covers the whole message; who has it checks.
// Source: RFC 792; RFC 1122 section 3.2.2; RFC 1191 section 4 (next-hop MTU).
#ifndef EBBRT_CORE_NET_WIRE_ICMP_H_
#define EBBRT_CORE_NET_WIRE_ICMP_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/net/wire/ipv4.h"
#include "core/net/wire/parsed.h"

namespace ebbrt {

inline constexpr size_t kIcmpHeaderBytes = 8;
inline constexpr size_t kIcmpChecksumOffset = 2;
// Of the packet that it is about, an error quotes the header and so much more.
inline constexpr size_t kIcmpQuotedBytes = 8;

enum class IcmpType : uint8_t {
  kEchoReply = 0,
  kDestinationUnreachable = 3,
  kSourceQuench = 4,
  kRedirect = 5,
  kEchoRequest = 8,
  kTimeExceeded = 11,
  kParameterProblem = 12,
};

// Codes of kDestinationUnreachable.
enum class IcmpUnreachable : uint8_t {
  kNetwork = 0,
  kHost = 1,
  kProtocol = 2,
  kPort = 3,
  kFragmentationNeeded = 4,
};

struct IcmpHeader {
  IcmpType type = IcmpType::kEchoReply;
  uint8_t code = 0;
  // Identifier and sequence of an echo; the next hop's MTU in the lower half.
  uint32_t rest = 0;
  friend bool operator==(const IcmpHeader&, const IcmpHeader&) = default;
};

// Whether it tells of an error, so that no error may answer it. Types that we
// do not know count as errors (RFC 1122 section 3.2.2).
constexpr bool IsError(IcmpType type) {
  switch (type) {
    case IcmpType::kEchoReply:
    case IcmpType::kEchoRequest:
      return false;
    default:
      return true;
  }
}

Parsed<IcmpHeader> ParseIcmp(std::span<const std::byte> message);

// With a checksum of zero. REQUIRES: kIcmpHeaderBytes at `to`.
void WriteIcmp(const IcmpHeader& header, std::byte* to);

// The packet that an error is about.
struct IcmpQuotation {
  Ipv4Header packet = {};
  // Of UDP and TCP; the sequence number of TCP alone.
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  uint32_t sequence = 0;
};

// Of what stands behind the header of an error.
Parsed<IcmpQuotation> ParseIcmpQuotation(std::span<const std::byte> bytes);

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_WIRE_ICMP_H_
