#include "core/net/ip/reassembler.h"

#include <iterator>
#include <utility>

#include "core/base/check.h"

namespace ebbrt::ip {
namespace {

bool OfOnePacket(const Ipv4Header& a, const Ipv4Header& b) {
  return a.identification == b.identification && a.source == b.source &&
         a.destination == b.destination && a.protocol == b.protocol;
}

}  // namespace

std::optional<WholePacket> Reassembler::Add(const Ipv4Header& header,
                                            IOBufChain payload, Time now) {
  EBBRT_DCHECK(header.is_fragment());
  const size_t begin = header.fragment_offset;
  const size_t end = begin + payload.length();
  if (payload.empty()) return std::nullopt;
  auto packet = FindOrMake(header, now);
  auto behind = packet->fragments.lower_bound(begin);
  const bool overlaps_next =
      behind != packet->fragments.end() && behind->first < end;
  if (overlaps_next && behind->first == begin &&
      behind->second.length() == payload.length()) {
    return std::nullopt;  // It came twice.
  }
  const bool overlaps_previous =
      behind != packet->fragments.begin() &&
      std::prev(behind)->first + std::prev(behind)->second.length() > begin;
  const bool contradicts_end =
      packet->end.has_value() &&
      (end > *packet->end || (!header.more_fragments && end != *packet->end));
  const bool is_not_last =
      !header.more_fragments && behind != packet->fragments.end();
  if (overlaps_next || overlaps_previous || contradicts_end || is_not_last ||
      packet->fragments.size() == kFragmentsMax) {
    Drop(packet);
    return std::nullopt;
  }
  if (!header.more_fragments) packet->end = end;
  if (begin == 0) packet->first = header;
  packet->bytes += payload.length();
  bytes_ += payload.length();
  packet->fragments.emplace_hint(behind, begin, std::move(payload));
  // As they do not overlap, all are there if their sum is.
  if (packet->end == packet->bytes) return Take(packet);
  while (bytes_ > kBytesMax) Drop(packets_.begin());
  return std::nullopt;
}

void Reassembler::OnTimer(Time now) {
  while (next_deadline() <= now) Drop(packets_.begin());
}

Reassembler::Packets::iterator Reassembler::FindOrMake(
    const Ipv4Header& header, Time now) {
  for (auto packet = packets_.begin(); packet != packets_.end(); ++packet) {
    if (OfOnePacket(packet->first, header)) return packet;
  }
  if (packets_.size() == kPacketsMax) Drop(packets_.begin());
  Packet& made = packets_.emplace_back();
  made.first = header;
  made.deadline = now + kTimeout;
  return std::prev(packets_.end());
}

void Reassembler::Drop(Packets::iterator packet) {
  bytes_ -= packet->bytes;
  ++dropped_;
  packets_.erase(packet);
}

WholePacket Reassembler::Take(Packets::iterator packet) {
  WholePacket whole = {.header = packet->first, .payload = {}};
  for (auto& [begin, fragment] : packet->fragments) {
    whole.payload.Append(std::move(fragment));
  }
  // ParseIpv4 saw to it that no fragment goes beyond the longest packet.
  whole.header.header_bytes = kIpv4HeaderBytes;
  whole.header.total_bytes =
      static_cast<uint16_t>(kIpv4HeaderBytes + packet->bytes);
  whole.header.more_fragments = false;
  bytes_ -= packet->bytes;
  packets_.erase(packet);
  return whole;
}

}  // namespace ebbrt::ip
