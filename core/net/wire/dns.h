// DNS messages, as far as a resolver of addresses needs them.
//
// Names are text in lower case, labels joined by dots, without the root's.
//
// Cores: any. Ownership: values. Blocks: never. Allocates: names, records.
// Bound: kDnsNameBytesMax, kDnsRecordsMax, kDnsPointersMax a name.
// Units: bytes, seconds. Errors: Malformed.
// Source: RFC 1035 section 4; RFC 2181 section 8 (times to live).
#ifndef EBBRT_CORE_NET_WIRE_DNS_H_
#define EBBRT_CORE_NET_WIRE_DNS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/net/wire/ipv4_address.h"
#include "core/net/wire/parsed.h"

namespace ebbrt {

inline constexpr uint16_t kDnsPort = 53;
inline constexpr size_t kDnsNameBytesMax = 253;
inline constexpr size_t kDnsLabelBytesMax = 63;
// By UDP, without extensions.
inline constexpr size_t kDnsMessageBytesMax = 512;
inline constexpr size_t kDnsRecordsMax = 64;
// A name may go on elsewhere in the message so often.
inline constexpr size_t kDnsPointersMax = 16;

enum class DnsCode : uint8_t {
  kOk = 0,
  kFormatError = 1,
  kServerFailure = 2,
  kNameError = 3,  // There is no such name.
  kNotImplemented = 4,
  kRefused = 5,
};

// Of class Internet; of other types than these nothing is kept.
struct DnsRecord {
  enum class Type : uint8_t { kAddress, kAlias };
  std::string name;
  Type type = Type::kAddress;
  uint32_t seconds_to_live = 0;
  Ipv4Address address = {};  // kAddress.
  std::string target = {};   // kAlias: the name that it stands for.
};

struct DnsMessage {
  uint16_t id = 0;
  bool is_response = false;
  bool truncated = false;
  DnsCode code = DnsCode::kOk;
  std::string question = {};  // An address's name; "" if it asks for other.
  std::vector<DnsRecord> answers = {};
};

// A name as it is kept; none if the text is no name.
std::optional<std::string> DnsName(std::string_view text);

Parsed<DnsMessage> ParseDns(std::span<const std::byte> bytes);

// A question for the addresses of `name`; how many bytes it has.
// REQUIRES: DnsName returned the name.
size_t WriteDnsQuery(uint16_t id, std::string_view name,
                     std::span<std::byte, kDnsMessageBytesMax> to);

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_WIRE_DNS_H_
