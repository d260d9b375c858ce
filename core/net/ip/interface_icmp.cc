// Control messages: echoes, and errors both ways.
#include <algorithm>
#include <utility>

#include "core/net/ip/interface.h"
#include "core/net/wire/checksum.h"
#include "platform/current.h"

namespace ebbrt::ip {

void Interface::DeliverIcmp(ReceivedPacket&& packet) {
  IOBufChain message = std::move(packet.payload);
  ChecksumSum sum;
  sum.Add(message);
  // A message of zeros alone may have either zero as its checksum: Linux
  // answers the echo 0 of the identifier 0 so.
  if (sum.Sum() != 0xffff && sum.Sum() != 0) {
    ++counters_.Of(Malformed::kChecksum);
    return;
  }
  if (message.length() < kIcmpHeaderBytes ||
      message.Coalesce(kIcmpHeaderBytes) == nullptr) {
    ++counters_.Of(Malformed::kTooShort);
    return;
  }
  Parsed<IcmpHeader> icmp = ParseIcmp(message.front().bytes());
  message.TrimFront(kIcmpHeaderBytes);
  switch (icmp->type) {
    case IcmpType::kEchoRequest:
      // To a group it may be ignored (RFC 1122 section 3.2.2.6), and is: the
      // answers of all are a weapon.
      if (!packet.to_group) SendEchoReply(packet, *icmp, std::move(message));
      break;
    case IcmpType::kEchoReply:
      if (icmp->rest >> 16 == core_.index()) {
        echoes_.OnReply(static_cast<uint16_t>(icmp->rest), Platform::Now());
      }
      break;
    case IcmpType::kDestinationUnreachable:
    case IcmpType::kTimeExceeded:
    case IcmpType::kParameterProblem:
      if (!packet.to_group) OnIcmpError(*icmp, std::move(message));
      break;
    default:
      // Redirects and source quenches are an attacker's more than a router's
      // (RFC 6633 for the latter).
      ++counters_.no_receiver;
  }
}

void Interface::SendEchoReply(const ReceivedPacket& request,
                              const IcmpHeader& icmp, IOBufChain data) {
  std::unique_ptr<IOBuf> header = IOBuf::Create(
      kHeadroomBytes + kIcmpHeaderBytes, kHeadroomBytes);
  if (header == nullptr) return;
  WriteIcmp({.type = IcmpType::kEchoReply, .code = 0, .rest = icmp.rest},
            header->Append(kIcmpHeaderBytes));
  data.PushFront(std::move(header));
  OutgoingPacket packet;
  packet.source = request.header.destination;
  packet.destination = request.header.source;
  packet.protocol = kProtocolIcmp;
  packet.checksum_at = kIcmpChecksumOffset;
  static_cast<void>(Send(packet, std::move(data)));
}

void Interface::OnIcmpError(const IcmpHeader& icmp, IOBufChain quoted) {
  if (quoted.empty()) return;
  const size_t bytes =
      std::min(quoted.length(), kIpv4HeaderBytesMax + kIcmpQuotedBytes);
  if (quoted.Coalesce(bytes) == nullptr) return;
  Parsed<IcmpQuotation> quotation = ParseIcmpQuotation(quoted.front().bytes());
  // What we did not send, nobody can have found fault with.
  if (!quotation || !IsOurs(quotation->packet.source)) {
    ++counters_.not_for_us;
    return;
  }
  const Flow flow = {.local = quotation->packet.source,
                     .remote = quotation->packet.destination,
                     .local_port = quotation->source_port,
                     .remote_port = quotation->destination_port};
  const bool unreachable = icmp.type == IcmpType::kDestinationUnreachable;
  const auto code = static_cast<IcmpUnreachable>(icmp.code);
  const bool is_tcp = quotation->packet.protocol == kProtocolTcp;
  if (unreachable && code == IcmpUnreachable::kFragmentationNeeded) {
    std::optional<size_t> mtu = path_mtus_.Learn(
        flow.remote, quotation->packet.total_bytes, icmp.rest & 0xffff,
        facts_.mtu, Platform::Now());
    if (mtu.has_value() && is_tcp && tcp_ != nullptr) {
      tcp_->OnPathMtu(*quotation, *mtu);
    }
    return;
  }
  if (is_tcp && tcp_ != nullptr) {
    tcp_->OnUnreachable(*quotation, unreachable &&
                                        (code == IcmpUnreachable::kPort ||
                                         code == IcmpUnreachable::kProtocol));
  }
}

void Interface::SendIcmpError(const ReceivedPacket& about,
                              IcmpUnreachable code) {
  // RFC 1122 section 3.2.2: what was sent to several, and what nobody in
  // particular sent, is not answered.
  const Ipv4Address to = about.header.source;
  if (about.to_group || to.unspecified() || IsOurs(to)) return;
  if (!icmp_errors_.Take(Platform::Now())) {
    ++counters_.icmp_limited;
    return;
  }
  const size_t quoted = std::min(about.payload.length(), kIcmpQuotedBytes);
  constexpr size_t kHeaders = kIcmpHeaderBytes + kIpv4HeaderBytes;
  std::unique_ptr<IOBuf> message =
      IOBuf::Create(kHeadroomBytes + kHeaders + quoted, kHeadroomBytes);
  if (message == nullptr) return;
  WriteIcmp({.type = IcmpType::kDestinationUnreachable,
             .code = static_cast<uint8_t>(code),
             .rest = 0},
            message->Append(kIcmpHeaderBytes));
  Ipv4Header header = about.header;
  header.header_bytes = kIpv4HeaderBytes;  // Its options are gone.
  header.total_bytes =
      static_cast<uint16_t>(kIpv4HeaderBytes + about.header.payload_bytes());
  WriteIpv4(header, message->Append(kIpv4HeaderBytes));
  about.payload.CopyTo({message->Append(quoted), quoted});
  OutgoingPacket packet;
  packet.source = about.header.destination;
  packet.destination = to;
  packet.protocol = kProtocolIcmp;
  packet.checksum_at = kIcmpChecksumOffset;
  static_cast<void>(Send(packet, IOBufChain(std::move(message))));
}

}  // namespace ebbrt::ip
