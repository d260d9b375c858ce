// What goes out: headers, checksums, fragments, and the way to the device.
#include <algorithm>
#include <optional>
#include <utility>

#include "core/event/event_loop.h"
#include "core/net/ip/interface.h"
#include "core/net/wire/arp.h"
#include "core/net/wire/big_endian.h"
#include "core/net/wire/checksum.h"
#include "core/net/wire/ethernet.h"
#include "platform/current.h"

namespace ebbrt::ip {
namespace {

// What a frame's first buffer must have at least (core/net/nic.h).
constexpr size_t kFirstBufferBytes = 64;

absl::Status NoRoom() {
  return absl::Status(absl::StatusCode::kResourceExhausted, "");
}

// A writable front of so many more bytes, before what is there.
std::byte* PrependRoom(IOBufChain& chain, size_t bytes) {
  if (std::byte* room = chain.Prepend(bytes)) return room;
  // With room for what the first buffer must have.
  std::unique_ptr<IOBuf> made =
      IOBuf::Create(std::max(bytes, kFirstBufferBytes));
  if (made == nullptr) return nullptr;
  std::byte* room = made->Append(bytes);
  chain.PushFront(std::move(made));
  return room;
}

}  // namespace

bool Interface::IsOurs(Ipv4Address address) const {
  return address.is_loopback() || (!address.unspecified() &&
                                   address == configuration_.address);
}

std::optional<Ipv4Address> Interface::SourceFor(
    Ipv4Address destination) const {
  if (IsOurs(destination)) return destination;
  if (destination.is_broadcast()) return configuration_.address;
  if (!routes_.NextHop(destination).has_value()) return std::nullopt;
  return configuration_.address;
}

size_t Interface::MtuTo(Ipv4Address destination) const {
  if (IsOurs(destination)) return kLoopbackMtu;
  if (path_mtus_.empty()) return facts_.mtu;
  return path_mtus_.Find(destination, facts_.mtu, Platform::Now());
}

size_t Interface::SegmentationMax(Ipv4Address destination) const {
  if (IsOurs(destination)) return 0;
  const size_t bytes =
      std::min(facts_.segmentation_bytes_max, kIpv4PacketBytesMax);
  // Room for the longest headers.
  return bytes > 4 * kIpv4HeaderBytesMax ? bytes - 4 * kIpv4HeaderBytesMax : 0;
}

absl::Status Interface::Send(const OutgoingPacket& packet,
                             IOBufChain payload) {
  if (IsOurs(packet.destination)) {
    return SendToSelf(packet, std::move(payload));
  }
  const bool to_group = IsGroupOfOurs(packet.destination);
  std::optional<Ipv4Address> next_hop =
      to_group ? kBroadcastV4 : routes_.NextHop(packet.destination);
  if (!next_hop.has_value() || packet.source.is_loopback() ||
      packet.destination.is_multicast()) {
    return absl::Status(absl::StatusCode::kUnavailable, "");
  }
  const size_t mtu = MtuTo(packet.destination);
  const size_t bytes = kIpv4HeaderBytes + payload.length();
  if (packet.segment_bytes == 0 && bytes > mtu) {
    if (packet.dont_fragment) {
      return absl::Status(absl::StatusCode::kInvalidArgument, "");
    }
    return SendFragments(packet, std::move(payload), mtu, *next_hop);
  }
  if (bytes > kIpv4PacketBytesMax) {
    return absl::Status(absl::StatusCode::kInvalidArgument, "");
  }
  TransmitRequest request;
  if (!FinishChecksum(packet, payload, facts_.transmit_checksum, request)) {
    return NoRoom();
  }
  if (packet.segment_bytes != 0) {
    request.header_bytes =
        static_cast<uint16_t>(kHeadroomBytes + packet.header_bytes);
    request.segment_bytes = packet.segment_bytes;
  }
  return SendOne({.source = packet.source,
                  .destination = packet.destination,
                  .protocol = packet.protocol,
                  .traffic_class = packet.traffic_class,
                  .identification = NextIdentification(),
                  .dont_fragment = packet.dont_fragment,
                  .total_bytes = static_cast<uint16_t>(bytes)},
                 std::move(payload), request, *next_hop);
}

bool Interface::FinishChecksum(const OutgoingPacket& packet,
                               IOBufChain& payload, bool by_device,
                               TransmitRequest& request) {
  const size_t at = packet.checksum_at;
  if (at == 0) return true;
  ChecksumSum sum;
  if (packet.protocol != kProtocolIcmp) {
    // Where the device cuts segments, it adds the length of each itself; the
    // whole's stands in what it is given (virtio 1.2 section 5.1.6.2).
    sum.AddPseudoHeader(packet.source, packet.destination, packet.protocol,
                        payload.length());
  }
  // Only the front is ours to write.
  std::byte* const front = payload.mutable_front();
  if (front == nullptr || payload.front().length() < at + 2) return false;
  if (by_device) {
    StoreBig(front + at, sum.Sum());
    request.checksum_begin = kHeadroomBytes;
    request.checksum_at = static_cast<uint16_t>(kHeadroomBytes + at);
    return true;
  }
  sum.Add(payload);
  uint16_t checksum = sum.Checksum();
  // Zero would say that there is none (RFC 768).
  if (checksum == 0 && packet.protocol == kProtocolUdp) checksum = 0xffff;
  StoreBig(front + at, checksum);
  return true;
}

absl::Status Interface::SendFragments(const OutgoingPacket& packet,
                                      IOBufChain payload, size_t mtu,
                                      Ipv4Address next_hop) {
  TransmitRequest none;
  if (!FinishChecksum(packet, payload, /*by_device=*/false, none)) {
    return NoRoom();
  }
  Ipv4Header header = {.source = packet.source,
                       .destination = packet.destination,
                       .protocol = packet.protocol,
                       .traffic_class = packet.traffic_class,
                       .identification = NextIdentification()};
  const size_t piece_max = (mtu - kIpv4HeaderBytes) / 8 * 8;
  for (size_t offset = 0; !payload.empty();) {
    const size_t bytes = std::min(piece_max, payload.length());
    std::optional<IOBufChain> piece = payload.SplitFront(bytes);
    if (!piece.has_value()) return NoRoom();
    header.fragment_offset = static_cast<uint16_t>(offset);
    header.more_fragments = !payload.empty();
    header.total_bytes = static_cast<uint16_t>(kIpv4HeaderBytes + bytes);
    absl::Status sent = SendOne(header, *std::move(piece), none, next_hop);
    if (!sent.ok()) return sent;
    offset += bytes;
  }
  return absl::OkStatus();
}

absl::Status Interface::SendOne(const Ipv4Header& header, IOBufChain&& payload,
                                const TransmitRequest& request,
                                Ipv4Address next_hop) {
  std::byte* room = PrependRoom(payload, kHeadroomBytes);
  if (room == nullptr) return NoRoom();
  WriteEthernet({.destination = kBroadcastMac,
                 .source = mac(),
                 .type = kEtherTypeIpv4},
                room);
  WriteIpv4(header, room + kEthernetHeaderBytes);
  OutgoingFrame frame = {.bytes = std::move(payload), .request = request};
  if (!FitToDevice(frame.bytes)) return NoRoom();
  if (next_hop.is_broadcast()) {
    TransmitFrame(std::move(frame));
  } else {
    arp_.Transmit(next_hop, std::move(frame), Platform::Now());
  }
  return absl::OkStatus();
}

// Sees to it that the frame is cut as the device wants it.
bool Interface::FitToDevice(IOBufChain& frame) const {
  const size_t first = std::min(frame.length(), kFirstBufferBytes);
  if (frame.front().length() < first && frame.Coalesce(first) == nullptr) {
    return false;
  }
  return frame.buffer_count() <= facts_.buffers_max ||
         frame.Coalesce(frame.length()) != nullptr;
}

void Interface::TransmitFrame(OutgoingFrame&& frame) {
  if (queue_ == nullptr) {
    PassOn(shared_->SenderFor(core_), std::move(frame));
    return;
  }
  if (backlog_.empty() && queue_->Transmit(frame.bytes, frame.request)) {
    ++counters_.frames_sent;
    ScheduleFlush();
    return;
  }
  if (backlog_.size() == kBacklogMax) {
    ++counters_.no_room;
    return;
  }
  backlog_.push_back(std::move(frame));
}

absl::Status Interface::SendToSelf(const OutgoingPacket& packet,
                                   IOBufChain payload) {
  const size_t bytes = kIpv4HeaderBytes + payload.length();
  if (bytes > kLoopbackMtu) {
    return absl::Status(absl::StatusCode::kInvalidArgument, "");
  }
  if (loopback_.size() == kLoopbackMax) return NoRoom();
  const bool icmp = packet.protocol == kProtocolIcmp;
  TransmitRequest none;
  if (icmp && !FinishChecksum(packet, payload, false, none)) return NoRoom();
  loopback_.push_back(
      {.header = {.source = packet.source,
                  .destination = packet.destination,
                  .protocol = packet.protocol,
                  .traffic_class = packet.traffic_class,
                  .total_bytes = static_cast<uint16_t>(bytes)},
       .payload = std::move(payload),
       .checksum_good = true,
       .to_group = false});
  if (!std::exchange(loopback_scheduled_, true)) {
    Spawn([self = self_] { self->DeliverLoopback(); });
  }
  return absl::OkStatus();
}

uint16_t Interface::NextIdentification() {
  identification_ =
      static_cast<uint16_t>(identification_ + shared_->core_count());
  return identification_;
}

void Interface::SendArp(const ArpMessage& message, const MacAddress& to) {
  std::unique_ptr<IOBuf> frame =
      IOBuf::Create(kEthernetHeaderBytes + kArpBytes);
  if (frame == nullptr) return;
  WriteEthernet(
      {.destination = to, .source = mac(), .type = kEtherTypeArp},
      frame->Append(kEthernetHeaderBytes));
  WriteArp(message, frame->Append(kArpBytes));
  TransmitFrame({.bytes = IOBufChain(std::move(frame)), .request = {}});
}

void Interface::Announce() {
  const Ipv4Address address = configuration_.address;
  SendArp({.is_reply = false,
           .sender_mac = mac(),
           .sender = address,
           .target_mac = {},
           .target = address},
          kBroadcastMac);
}

void Interface::SendArpRequest(Ipv4Address target, const MacAddress& to) {
  SendArp({.is_reply = false,
           .sender_mac = mac(),
           .sender = configuration_.address,
           .target_mac = {},
           .target = target},
          to);
  SetTimer();
}

void Interface::TransmitTo(const MacAddress& to, OutgoingFrame&& frame) {
  StoreMac(frame.bytes.mutable_front(), to);
  TransmitFrame(std::move(frame));
}

void Interface::OnUnresolved(Ipv4Address next_hop, OutgoingFrame frame) {
  (void)next_hop;
  ++counters_.unresolved;
  if (frame.bytes.empty()) return;
  // TCP is told as if a router had: what is quoted is the packet itself. Not
  // from here, since it may send, and the cache is at work.
  frame.bytes.TrimFront(kEthernetHeaderBytes);
  Spawn([self = self_, packet = std::move(frame.bytes)]() mutable {
    self->OnIcmpError({.type = IcmpType::kDestinationUnreachable,
                       .code = static_cast<uint8_t>(IcmpUnreachable::kHost),
                       .rest = 0},
                      std::move(packet));
  });
}

}  // namespace ebbrt::ip
