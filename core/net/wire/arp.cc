#include "core/net/wire/arp.h"

#include "core/net/wire/big_endian.h"
#include "core/net/wire/ethernet.h"

namespace ebbrt {
namespace {

constexpr uint16_t kHardwareEthernet = 1;
constexpr uint16_t kLengths = 6 << 8 | 4;  // Of the two kinds of address.
constexpr uint16_t kRequest = 1;
constexpr uint16_t kReply = 2;

}  // namespace

Parsed<ArpMessage> ParseArp(std::span<const std::byte> bytes) {
  if (bytes.size() < kArpBytes) return Malformed::kTooShort;
  const std::byte* at = bytes.data();
  if (LoadBig<uint16_t>(at) != kHardwareEthernet ||
      LoadBig<uint16_t>(at + 2) != kEtherTypeIpv4 ||
      LoadBig<uint16_t>(at + 4) != kLengths) {
    return Malformed::kVersion;
  }
  const uint16_t operation = LoadBig<uint16_t>(at + 6);
  if (operation != kRequest && operation != kReply) return Malformed::kValue;
  return ArpMessage{.is_reply = operation == kReply,
                    .sender_mac = LoadMac(at + 8),
                    .sender = Ipv4Address(LoadBig<uint32_t>(at + 14)),
                    .target_mac = LoadMac(at + 18),
                    .target = Ipv4Address(LoadBig<uint32_t>(at + 24))};
}

void WriteArp(const ArpMessage& message, std::byte* to) {
  to = StoreBig(to, kHardwareEthernet);
  to = StoreBig(to, kEtherTypeIpv4);
  to = StoreBig(to, kLengths);
  to = StoreBig(to, message.is_reply ? kReply : kRequest);
  to = StoreMac(to, message.sender_mac);
  to = StoreBig(to, message.sender.value());
  to = StoreMac(to, message.target_mac);
  StoreBig(to, message.target.value());
}

}  // namespace ebbrt
