#include "platform/sim/nic/frames.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace ebbrt::platform {
namespace {

constexpr uint16_t kIpv4 = 0x0800;
constexpr uint16_t kIpv6 = 0x86dd;
constexpr uint8_t kTcp = 6;
constexpr uint8_t kUdp = 17;
constexpr uint8_t kCongestionExperienced = 3;

// The frame's beginning, as far as it goes.
struct Head {
  explicit Head(const IOBufChain& frame)
      : length(std::min(frame.length(), bytes.size())) {
    frame.CopyTo(std::span(bytes).first(length));
  }
  uint8_t U8(size_t at) const { return std::to_integer<uint8_t>(bytes[at]); }
  uint16_t U16(size_t at) const {
    return static_cast<uint16_t>(U8(at) << 8 | U8(at + 1));
  }
  uint32_t U32(size_t at) const {
    return uint32_t{U16(at)} << 16 | U16(at + 2);
  }

  // Ethernet, the longest IPv4 header, and ports.
  std::array<std::byte, kEthernetHeaderBytes + 60 + 4> bytes;
  const size_t length;
};

// Replaces the first bytes of a frame by `bytes`.
bool ReplaceFront(IOBufChain& frame, std::span<const std::byte> bytes) {
  std::unique_ptr<IOBuf> front = IOBuf::CopyOf(bytes);
  if (front == nullptr) return false;
  frame.TrimFront(bytes.size());
  frame.PushFront(std::move(front));
  return true;
}

}  // namespace

std::optional<MacAddress> DestinationOf(const IOBufChain& frame) {
  if (frame.length() < kEthernetHeaderBytes) return std::nullopt;
  Head head(frame);
  MacAddress address;
  for (size_t i = 0; i < address.bytes.size(); ++i) {
    address.bytes[i] = head.U8(i);
  }
  return address;
}

std::optional<FrameTuple> TupleOf(const IOBufChain& frame) {
  constexpr size_t kIp = kEthernetHeaderBytes;
  Head head(frame);
  if (head.length < kIp + 20 || head.U16(12) != kIpv4) return std::nullopt;
  size_t header_bytes = (head.U8(kIp) & 0xf) * size_t{4};
  uint8_t protocol = head.U8(kIp + 9);
  bool is_fragment = (head.U16(kIp + 6) & 0x1fff) != 0;
  if (header_bytes < 20 || head.length < kIp + header_bytes + 4 ||
      is_fragment || (protocol != kTcp && protocol != kUdp)) {
    return std::nullopt;
  }
  size_t ports = kIp + header_bytes;
  return FrameTuple{head.U32(kIp + 12), head.U32(kIp + 16), head.U16(ports),
                    head.U16(ports + 2)};
}

bool FlipBit(IOBufChain& frame, Random& random) {
  Head head(frame);
  if (head.length < kEthernetHeaderBytes + 20 || head.U16(12) != kIpv4) {
    return false;
  }
  std::unique_ptr<IOBuf> changed = IOBuf::Create(frame.length());
  if (changed == nullptr) return false;
  std::span<std::byte> bytes(changed->Append(frame.length()), frame.length());
  frame.CopyTo(bytes);
  std::span<std::byte> packet = bytes.subspan(kEthernetHeaderBytes);
  packet[random.Below(packet.size())] ^=
      static_cast<std::byte>(1 << random.Below(8));
  frame = IOBufChain(std::move(changed));
  return true;
}

bool MarkCongestion(IOBufChain& frame) {
  constexpr size_t kIp = kEthernetHeaderBytes;
  Head head(frame);
  if (head.length < kIp + 20) return false;
  if (head.U16(12) == kIpv4) {
    uint8_t before = head.U8(kIp + 1);
    if ((before & kCongestionExperienced) == 0) return false;
    uint8_t after = before | kCongestionExperienced;
    // The checksum follows: ~(~HC + ~m + m'), in ones' complement.
    uint32_t sum = static_cast<uint16_t>(~head.U16(kIp + 10)) +
                   static_cast<uint16_t>(~before) + uint32_t{after};
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    uint16_t checksum = static_cast<uint16_t>(~sum);
    head.bytes[kIp + 1] = std::byte{after};
    head.bytes[kIp + 10] = static_cast<std::byte>(checksum >> 8);
    head.bytes[kIp + 11] = static_cast<std::byte>(checksum);
    return ReplaceFront(frame, std::span(head.bytes).first(kIp + 20));
  }
  if (head.U16(12) == kIpv6) {
    // The traffic class stands across the first two bytes; ECN is its end.
    uint8_t ecn = head.U8(kIp + 1) >> 4 & kCongestionExperienced;
    if (ecn == 0) return false;
    head.bytes[kIp + 1] |= std::byte{kCongestionExperienced << 4};
    return ReplaceFront(frame, std::span(head.bytes).first(kIp + 20));
  }
  return false;
}

}  // namespace ebbrt::platform
