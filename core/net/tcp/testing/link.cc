#include "core/net/tcp/testing/link.h"

#include <algorithm>
#include <memory>

#include "core/base/check.h"

namespace ebbrt::tcp::testing {
namespace {

// Ethernet, IPv4 and what separates frames.
constexpr uint64_t kFrameBytes = 38 + 20;

}  // namespace

IOBufChain CopyOf(const IOBufChain& chain) {
  if (chain.empty()) return IOBufChain();
  std::unique_ptr<IOBuf> copy = IOBuf::Create(chain.length());
  if (copy == nullptr) return IOBufChain();
  chain.CopyTo({copy->Append(chain.length()), chain.length()});
  return IOBufChain(std::move(copy));
}

void Link::Send(const OutgoingSegment& segment, IOBufChain payload,
                Time now) {
  std::optional<ParsedTcpHeader> parsed = ParseTcpHeader(segment.header);
  EBBRT_CHECK(parsed.has_value() && parsed->bytes == segment.header.size());
  const size_t cut =
      segment.segment_bytes == 0 ? payload.length() : segment.segment_bytes;
  TcpHeader header = parsed->header;
  const uint8_t flags = header.flags;
  bool first = true;
  do {
    const size_t bytes = std::min(cut, payload.length());
    std::optional<IOBufChain> piece = payload.SplitFront(bytes);
    if (!piece.has_value()) return;
    IOBufChain copy = CopyOf(*piece);
    if (copy.length() != bytes) return;
    header.flags = flags;
    if (!payload.empty()) header.flags &= ~(tcp_flag::kFin | tcp_flag::kPsh);
    if (!first) header.flags &= ~tcp_flag::kCwr;
    first = false;
    SendPacket({segment.source, segment.destination, header, std::move(copy),
                segment.ecn},
               now);
    header.sequence += static_cast<uint32_t>(bytes);
  } while (!payload.empty());
}

void Link::SendPacket(Packet packet, Time now) {
  ++packets_;
  Time sent = now;
  if (options_.rate != 0) {
    free_at_ = std::max(free_at_, now);
    const uint64_t bytes = packet.payload.length() + kFrameBytes + 32;
    const Duration takes(bytes * 1'000'000'000 / options_.rate);
    const uint64_t waiting = static_cast<uint64_t>(
        static_cast<double>((free_at_ - now).count()) * 1e-9 *
        static_cast<double>(options_.rate));
    if (waiting + bytes > options_.buffer_bytes) {
      ++dropped_;
      return;
    }
    if (options_.mark_bytes != 0 && waiting >= options_.mark_bytes &&
        packet.ecn != Ecn::kNotCapable) {
      packet.ecn = Ecn::kCongestion;
      ++marked_;
    }
    free_at_ += takes;
    sent = free_at_;
  }
  if (random_.Chance(options_.loss)) {
    ++dropped_;
    return;
  }
  Time arrives = sent + options_.delay;
  if (random_.Chance(options_.duplication)) {
    Packet twin = {packet.source, packet.destination, packet.header,
                   CopyOf(packet.payload), packet.ecn};
    Arrive(std::move(twin), arrives + Duration(random_.Below(1'000'000)));
  }
  if (random_.Chance(options_.reordering)) {
    arrives += Duration(random_.Below(
        static_cast<uint64_t>(options_.reordering_delay_max.count()) + 1));
  }
  Arrive(std::move(packet), arrives);
}

void Link::Arrive(Packet packet, Time when) {
  under_way_.emplace(std::pair(when, arrivals_++), std::move(packet));
}

std::optional<Packet> Link::Receive(Time now) {
  if (next_arrival() > now) return std::nullopt;
  Packet packet = std::move(under_way_.begin()->second);
  under_way_.erase(under_way_.begin());
  return packet;
}

}  // namespace ebbrt::tcp::testing
