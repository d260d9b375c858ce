#include "core/net/wire/dhcp.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/net/wire/big_endian.h"
#include "core/net/wire/ethernet.h"

namespace ebbrt {
namespace {

constexpr uint8_t kBootRequest = 1;
constexpr uint8_t kBootReply = 2;
constexpr uint8_t kEthernet = 1;
constexpr uint16_t kBroadcastFlag = 0x8000;
constexpr uint32_t kCookie = 0x63825363;
// Fields for names, which may have options in them, and where options begin.
constexpr size_t kServerNameAt = 44;
constexpr size_t kFileAt = 108;
constexpr size_t kCookieAt = 236;
constexpr size_t kOptionsAt = 240;

enum Option : uint8_t {
  kPad = 0,
  kSubnetMask = 1,
  kRouter = 3,
  kDnsServers = 6,
  kRequestedAddress = 50,
  kLeaseTime = 51,
  kOverload = 52,
  kMessageType = 53,
  kServerIdentifier = 54,
  kParameterList = 55,
  kRenewalTime = 58,
  kRebindingTime = 59,
  kEnd = 255,
};

struct Options {
  DhcpMessage& message;
  bool has_type = false;
  uint8_t overload = 0;

  void Heed(uint8_t option, std::span<const std::byte> value);
  // False: an option goes beyond the end.
  bool Parse(std::span<const std::byte> bytes);
};

void Options::Heed(uint8_t option, std::span<const std::byte> value) {
  const std::byte* at = value.data();
  if (value.size() == 1 && option == kMessageType) {
    message.type = static_cast<DhcpType>(at[0]);
    has_type = true;
  }
  if (value.size() == 1 && option == kOverload) {
    overload = std::to_integer<uint8_t>(at[0]) & 3;
  }
  if (value.size() < 4) return;
  const uint32_t number = LoadBig<uint32_t>(at);
  const bool one = value.size() == 4;
  if (option == kRouter) message.router = Ipv4Address(number);
  if (option == kDnsServers) {
    const size_t count = std::min(value.size() / 4, kDhcpDnsServersMax);
    for (size_t i = 0; i < count; ++i) {
      message.dns_servers[i] = Ipv4Address(LoadBig<uint32_t>(at + 4 * i));
    }
  }
  if (!one) return;
  if (option == kSubnetMask) message.subnet_mask = Ipv4Address(number);
  if (option == kServerIdentifier) message.server = Ipv4Address(number);
  if (option == kRequestedAddress) message.requested = Ipv4Address(number);
  if (option == kLeaseTime) message.lease_seconds = number;
  if (option == kRenewalTime) message.renewal_seconds = number;
  if (option == kRebindingTime) message.rebinding_seconds = number;
}

bool Options::Parse(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto option = std::to_integer<uint8_t>(bytes[0]);
    bytes = bytes.subspan(1);
    if (option == kPad) continue;
    if (option == kEnd) return true;
    if (bytes.empty()) return false;
    const auto length = std::to_integer<size_t>(bytes[0]);
    if (length + 1 > bytes.size()) return false;
    Heed(option, bytes.subspan(1, length));
    bytes = bytes.subspan(1 + length);
  }
  return true;  // An end that is missing is put up with.
}

std::byte* PutHeader(std::byte* to, uint8_t option, uint8_t length) {
  to = StoreBig(to, option);
  return StoreBig(to, length);
}

std::byte* PutAddress(std::byte* to, uint8_t option, Ipv4Address address) {
  if (address.unspecified()) return to;
  return StoreBig(PutHeader(to, option, 4), address.value());
}

std::byte* PutSeconds(std::byte* to, uint8_t option,
                      std::optional<uint32_t> seconds) {
  if (!seconds.has_value()) return to;
  return StoreBig(PutHeader(to, option, 4), *seconds);
}

// They fit: no message has more than 72 bytes of options.
std::byte* PutOptions(const DhcpMessage& message, std::byte* to) {
  to = StoreBig(PutHeader(to, kMessageType, 1),
                static_cast<uint8_t>(message.type));
  to = PutAddress(to, kRequestedAddress, message.requested);
  to = PutAddress(to, kServerIdentifier, message.server);
  to = PutAddress(to, kSubnetMask, message.subnet_mask);
  to = PutAddress(to, kRouter, message.router);
  const auto& servers = message.dns_servers;
  const auto count = static_cast<uint8_t>(std::count_if(
      servers.begin(), servers.end(),
      [](Ipv4Address server) { return !server.unspecified(); }));
  if (count != 0) to = PutHeader(to, kDnsServers, 4 * count);
  for (Ipv4Address server : servers) {
    if (!server.unspecified()) to = StoreBig(to, server.value());
  }
  to = PutSeconds(to, kLeaseTime, message.lease_seconds);
  to = PutSeconds(to, kRenewalTime, message.renewal_seconds);
  to = PutSeconds(to, kRebindingTime, message.rebinding_seconds);
  if (!message.is_reply) {
    constexpr uint8_t kWanted[] = {kSubnetMask, kRouter, kDnsServers,
                                   kRenewalTime, kRebindingTime};
    to = PutHeader(to, kParameterList, sizeof(kWanted));
    for (uint8_t option : kWanted) to = StoreBig(to, option);
  }
  return StoreBig(to, uint8_t{kEnd});
}

}  // namespace

Parsed<DhcpMessage> ParseDhcp(std::span<const std::byte> bytes) {
  if (bytes.size() < kOptionsAt) return Malformed::kTooShort;
  const std::byte* at = bytes.data();
  const auto operation = std::to_integer<uint8_t>(at[0]);
  if (operation != kBootRequest && operation != kBootReply) {
    return Malformed::kValue;
  }
  if (std::to_integer<uint8_t>(at[1]) != kEthernet ||
      std::to_integer<uint8_t>(at[2]) != 6 ||
      LoadBig<uint32_t>(at + kCookieAt) != kCookie) {
    return Malformed::kVersion;
  }
  DhcpMessage message = {
      .is_reply = operation == kBootReply,
      .transaction = LoadBig<uint32_t>(at + 4),
      .seconds = LoadBig<uint16_t>(at + 8),
      .broadcast = (LoadBig<uint16_t>(at + 10) & kBroadcastFlag) != 0,
      .client = Ipv4Address(LoadBig<uint32_t>(at + 12)),
      .yours = Ipv4Address(LoadBig<uint32_t>(at + 16)),
      .client_mac = LoadMac(at + 28)};
  Options options = {.message = message};
  bool whole = options.Parse(bytes.subspan(kOptionsAt));
  // Not again from within these fields: each is read once.
  const uint8_t overload = options.overload;
  if ((overload & 1) != 0) {
    whole = whole &&
            options.Parse(bytes.subspan(kFileAt, kCookieAt - kFileAt));
  }
  if ((overload & 2) != 0) {
    whole = whole && options.Parse(
                         bytes.subspan(kServerNameAt, kFileAt - kServerNameAt));
  }
  if (!whole) return Malformed::kLength;
  const bool known = options.has_type && message.type >= DhcpType::kDiscover &&
                     message.type <= DhcpType::kInform;
  if (!known) return Malformed::kValue;
  return message;
}

void WriteDhcp(const DhcpMessage& message, std::byte* to) {
  std::fill_n(to, kDhcpMessageBytes, std::byte{0});
  to[0] = std::byte{message.is_reply ? kBootReply : kBootRequest};
  to[1] = std::byte{kEthernet};
  to[2] = std::byte{6};
  StoreBig(to + 4, message.transaction);
  StoreBig(to + 8, message.seconds);
  StoreBig(to + 10, message.broadcast ? kBroadcastFlag : uint16_t{0});
  StoreBig(to + 12, message.client.value());
  StoreBig(to + 16, message.yours.value());
  StoreMac(to + 28, message.client_mac);
  StoreBig(to + kCookieAt, kCookie);
  const std::byte* end = PutOptions(message, to + kOptionsAt);
  EBBRT_DCHECK(end <= to + kDhcpMessageBytes);
  (void)end;
}

}  // namespace ebbrt
