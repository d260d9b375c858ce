#include "platform/baremetal/nic_guest_frames.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "core/base/check.h"

namespace ebbrt::guest {
namespace {

using std::string_view_literals::operator""sv;

constexpr size_t kAddressBytes = 6;
constexpr size_t kEthernetBytes = 14;
constexpr size_t kIpBytes = 20;
constexpr size_t kTcpBytes = 20;
constexpr size_t kHeaderBytes = kEthernetBytes + kIpBytes + kTcpBytes;
constexpr std::string_view kTestType = "\x88\xb5"sv;
constexpr std::string_view kIpType = "\x08\x00"sv;
constexpr size_t kProtocolAt = kEthernetBytes + 9;
constexpr size_t kUdpBytes = 8;
constexpr char kTcp = 6;

std::string_view AddressOf(const MacAddress& address) {
  return {reinterpret_cast<const char*>(address.bytes.data()), kAddressBytes};
}

uint16_t Read16(const Frame& frame, size_t at) {
  return static_cast<uint16_t>(static_cast<uint8_t>(frame[at]) << 8 |
                               static_cast<uint8_t>(frame[at + 1]));
}
void Write16(Frame& frame, size_t at, size_t value) {
  frame[at] = static_cast<char>(value >> 8);
  frame[at + 1] = static_cast<char>(value);
}

uint32_t Read32(const Frame& frame, size_t at) {
  return uint32_t{Read16(frame, at)} << 16 | Read16(frame, at + 2);
}

bool IsIp(const Frame& frame) {
  return frame.size() > kEthernetBytes + kIpBytes &&
         frame.substr(2 * kAddressBytes, 2) == kIpType;
}

// RFC 1071, not complemented.
uint16_t SumOf(std::string_view bytes, uint32_t sum = 0) {
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
    sum += static_cast<uint32_t>(static_cast<uint8_t>(bytes[i]) << 8 |
                                 static_cast<uint8_t>(bytes[i + 1]));
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

IOBufChain ChainOf(std::string_view bytes) {
  return IOBufChain(IOBuf::CopyOf(bytes));
}

// Headers of a TCP segment of so many payload bytes, from 10.0.0.1 to 10.0.0.2.
Frame Headers(const Frame& request, const Nic& nic, size_t payload_bytes) {
  Frame frame = request.substr(kAddressBytes, kAddressBytes);
  frame += AddressOf(nic.facts().address);
  frame += "\x08\x00"sv;
  frame += "\x45\x00\x00\x00\x12\x34\x40\x00\x40\x06\x00\x00"sv;
  frame += "\x0a\x00\x00\x01\x0a\x00\x00\x02"sv;
  frame += "\x10\x00\x20\x00\x00\x00\x10\x00\x00\x00\x00\x01"sv;
  frame += "\x50\x18\xff\xff\x00\x00\x00\x00"sv;
  EBBRT_CHECK(frame.size() == kHeaderBytes);
  const std::string_view ip =
      std::string_view(frame).substr(kEthernetBytes, kIpBytes);
  Write16(frame, kEthernetBytes + 2, kIpBytes + kTcpBytes + payload_bytes);
  Write16(frame, kEthernetBytes + 10, static_cast<uint16_t>(~SumOf(ip)));
  // Of addresses, protocol and length.
  const auto sum = static_cast<uint32_t>(6 + kTcpBytes + payload_bytes);
  Write16(frame, kHeaderBytes - 4,
          SumOf(std::string_view(frame).substr(kEthernetBytes + 12, 8), sum));
  return frame;
}

}  // namespace

Request RequestIn(const Frame& frame) {
  if (IsIp(frame)) {
    const size_t at = kEthernetBytes + kIpBytes +
                      (frame[kProtocolAt] == kTcp ? kTcpBytes : kUdpBytes);
    const bool is_echo = frame.size() > at + 2 &&
                         frame.substr(at, 2) == kTestType &&
                         frame[at + 2] == static_cast<char>(Request::kEcho);
    return is_echo ? Request::kEcho : Request::kNone;
  }
  if (frame.size() < kEthernetBytes + 1 ||
      frame.substr(2 * kAddressBytes, 2) != kTestType) {
    return Request::kNone;
  }
  const char request = frame[kEthernetBytes];
  switch (Request{request}) {
    case Request::kEcho:
    case Request::kQuit:
      return Request{request};
    case Request::kSegments:
      return frame.size() >= kEthernetBytes + 5 ? Request::kSegments
                                                : Request::kNone;
    default:
      return Request::kNone;
  }
}

std::optional<TcpFlow> TcpFlowOf(const Frame& frame) {
  if (!IsIp(frame) || frame.size() < kHeaderBytes ||
      frame[kProtocolAt] != kTcp) {
    return std::nullopt;
  }
  constexpr size_t kPortsAt = kEthernetBytes + kIpBytes;
  return TcpFlow{.source = Read32(frame, kPortsAt - 8),
                 .destination = Read32(frame, kPortsAt - 4),
                 .source_port = Read16(frame, kPortsAt),
                 .destination_port = Read16(frame, kPortsAt + 2)};
}

Frame Flatten(const IOBufChain& chain) { return chain.ToString(); }

void TurnRound(IOBufChain& chain) {
  std::unique_ptr<IOBuf> first = chain.PopFront();
  std::byte* data = first->mutable_data();
  std::swap_ranges(data, data + kAddressBytes, data + kAddressBytes);
  chain.PushFront(std::move(first));
}

Outgoing SegmentsFor(const Frame& request, const Nic& nic) {
  const size_t payload_bytes = Read16(request, kEthernetBytes + 1);
  const uint16_t segment_bytes = Read16(request, kEthernetBytes + 3);
  const NicFacts& facts = nic.facts();
  const size_t room = segment_bytes != 0
                          ? facts.segmentation_bytes_max
                          : facts.mtu + kEthernetBytes;
  Outgoing outgoing;
  if (!facts.transmit_checksum || kHeaderBytes + payload_bytes > room) {
    outgoing.frame = ChainOf(request);
    TurnRound(outgoing.frame);
    return outgoing;
  }
  std::string payload(payload_bytes, '\0');
  for (size_t i = 0; i < payload_bytes; ++i) {
    payload[i] = static_cast<char>(i * 7 + (i >> 8));
  }
  // Some of it stands with the headers, the rest in pieces that cross pages.
  constexpr size_t kFirstBytes = 100;
  constexpr size_t kPieceBytes = 6000;
  std::string_view left = payload;
  auto take = [&left](size_t bytes) {
    const std::string_view piece = left.substr(0, bytes);
    left.remove_prefix(piece.size());
    return piece;
  };
  outgoing.frame = ChainOf(Headers(request, nic, payload_bytes) +
                           std::string(take(kFirstBytes)));
  while (!left.empty()) {
    outgoing.frame.PushBack(IOBuf::CopyOf(take(kPieceBytes)));
  }
  outgoing.request.checksum_begin = kEthernetBytes + kIpBytes;
  outgoing.request.checksum_at = kHeaderBytes - 4;
  if (segment_bytes != 0) {
    outgoing.request.header_bytes = kHeaderBytes;
    outgoing.request.segment_bytes = segment_bytes;
  }
  return outgoing;
}

IOBufChain ArpRequest(const Nic& nic) {
  const std::string_view mine = AddressOf(nic.facts().address);
  Frame frame(kAddressBytes, '\xff');
  frame += mine;
  frame += "\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01"sv;
  frame += mine;
  frame += "\x0a\x00\x02\x0f"sv;  // 10.0.2.15
  frame += Frame(kAddressBytes, '\0');
  frame += "\x0a\x00\x02\x02"sv;  // 10.0.2.2
  return ChainOf(frame);
}

std::optional<MacAddress> ReadArpReply(const Frame& frame) {
  constexpr size_t kArpBytes = 28;
  constexpr std::string_view kReply =
      "\x08\x06\x00\x01\x08\x00\x06\x04\x00\x02"sv;
  if (frame.size() < kEthernetBytes + kArpBytes ||
      frame.substr(2 * kAddressBytes, kReply.size()) != kReply) {
    return std::nullopt;
  }
  MacAddress address;
  std::memcpy(address.bytes.data(), frame.data() + kEthernetBytes + 8,
              kAddressBytes);
  return address;
}

}  // namespace ebbrt::guest
