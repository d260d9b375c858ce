// What comes in: from the device, from other cores, from ourselves.
#include <algorithm>
#include <optional>
#include <utility>

#include "core/event/event_loop.h"
#include "core/net/ip/flow.h"
#include "core/net/ip/interface.h"
#include "core/net/ip/packet_front.h"
#include "core/net/wire/checksum.h"
#include "core/net/wire/ethernet.h"
#include "core/net/wire/udp.h"
#include "platform/current.h"

namespace ebbrt::ip {
void Interface::OnFrame(IOBufChain frame, const ReceiveReport& report) {
  ++counters_.frames_received;
  Parsed<EthernetHeader> header =
      ParseEthernet(Front(frame, kEthernetHeaderBytes));
  if (!header) {
    ++counters_.Of(header.reason());
    return;
  }
  if (header->destination != mac() && !IsGroup(header->destination)) {
    ++counters_.not_for_us;
    return;
  }
  frame.TrimFront(kEthernetHeaderBytes);
  if (header->type == kEtherTypeIpv4) {
    OnIpv4(std::move(frame), report.checksum_good);
  } else if (header->type == kEtherTypeArp) {
    Parsed<ArpMessage> message = ParseArp(Front(frame, kArpBytes));
    if (message) {
      OnArp(*message, false);
    } else {
      ++counters_.Of(message.reason());
    }
  } else {
    ++counters_.not_for_us;
  }
}

void Interface::OnFramesEnd() {
  if (tcp_ != nullptr) tcp_->OnBurstEnd();
  Flush();
}

void Interface::OnArp(const ArpMessage& message, bool passed) {
  if (message.sender_mac == mac()) return;  // Our own, come back.
  const bool about_probed =
      !probed_.unspecified() &&
      (message.sender == probed_ ||
       (message.sender.unspecified() && message.target == probed_));
  if (about_probed) probed_is_taken_ = true;
  const Ipv4Address ours = configuration_.address;
  const bool to_us = !ours.unspecified() && message.target == ours;
  arp_.Learn(message.sender, message.sender_mac, to_us, Platform::Now());
  SetTimer();
  if (passed) return;
  if (to_us && !message.is_reply) {
    SendArp({.is_reply = true,
             .sender_mac = mac(),
             .sender = ours,
             .target_mac = message.sender_mac,
             .target = message.sender},
            message.sender_mac);
  }
  // Each core knows its neighbours itself.
  for (uint32_t core = 0; core < shared_->core_count(); ++core) {
    if (core != core_.index()) PassOn(CoreId(core), message);
  }
}

void Interface::OnIpv4(IOBufChain&& packet, bool checksum_good) {
  Parsed<Ipv4Header> header =
      ParseIpv4(Front(packet, kIpv4HeaderBytesMax), packet.length());
  if (!header) {
    ++counters_.Of(header.reason());
    return;
  }
  const bool to_group = IsGroupOfOurs(header->destination);
  const bool to_us = !configuration_.address.unspecified() &&
                     header->destination == configuration_.address;
  const Ipv4Address source = header->source;
  // From ourselves, from nobody or from several nothing can come by a wire;
  // only who has no address yet is nobody (RFC 1122 section 3.2.1.3).
  const bool martian = source.is_multicast() || source.is_broadcast() ||
                       source.is_loopback() || IsGroupOfOurs(source) ||
                       (source.unspecified() && !to_group) ||
                       (!source.unspecified() &&
                        source == configuration_.address);
  if (!(to_us || to_group) || martian) {
    ++counters_.not_for_us;
    return;
  }
  packet.TrimBack(packet.length() - header->total_bytes);
  packet.TrimFront(header->header_bytes);
  Receive({.header = *header,
           .payload = std::move(packet),
           .checksum_good = checksum_good && !header->is_fragment(),
           .to_group = to_group});
}

bool Interface::IsGroupOfOurs(Ipv4Address destination) const {
  if (destination.is_broadcast()) return true;
  if (configuration_.address.unspecified()) return false;
  const uint32_t hosts = ~PrefixMask(configuration_.prefix_bits);
  // Of networks of two there is no broadcast (RFC 3021).
  return hosts > 1 &&
         destination.value() == (configuration_.address.value() | hosts);
}

void Interface::Receive(ReceivedPacket&& packet) {
  if (shared_->core_count() > 1 && !packet.core_decided) {
    const CoreId core = CoreFor(packet);
    if (core != core_) {
      PassOn(core, std::move(packet));
      return;
    }
  }
  Deliver(std::move(packet));
}

void Interface::Deliver(ReceivedPacket&& packet) {
  if (packet.header.is_fragment()) {
    ++counters_.fragments_received;
    std::optional<WholePacket> whole = reassembler_.Add(
        packet.header, std::move(packet.payload), Platform::Now());
    SetTimer();
    if (!whole.has_value()) return;
    Receive({.header = whole->header,
             .payload = std::move(whole->payload),
             .checksum_good = false,
             .to_group = packet.to_group});
    return;
  }
  switch (packet.header.protocol) {
    case kProtocolUdp:
      DeliverUdp(std::move(packet));
      break;
    case kProtocolTcp:
      DeliverTcp(std::move(packet));
      break;
    case kProtocolIcmp:
      DeliverIcmp(std::move(packet));
      break;
    default:
      ++counters_.no_receiver;
      SendIcmpError(packet, IcmpUnreachable::kProtocol);
  }
}

bool Interface::ChecksumIsGood(const ReceivedPacket& packet) const {
  if (packet.checksum_good) return true;
  ChecksumSum sum;
  sum.AddPseudoHeader(packet.header.source, packet.header.destination,
                      packet.header.protocol, packet.payload.length());
  sum.Add(packet.payload);
  return sum.Sum() == 0xffff;
}

void Interface::DeliverUdp(ReceivedPacket&& packet) {
  Parsed<UdpHeader> udp = ParseUdp(Front(packet.payload, kUdpHeaderBytes),
                                   packet.payload.length());
  if (!udp) {
    ++counters_.Of(udp.reason());
    return;
  }
  packet.payload.TrimBack(packet.payload.length() - udp->total_bytes);
  if (udp->checksum != 0 && !ChecksumIsGood(packet)) {
    ++counters_.Of(Malformed::kChecksum);
    return;
  }
  const Endpoint from = {packet.header.source.ToIpAddress(), udp->source_port};
  const Endpoint to = {packet.header.destination.ToIpAddress(),
                       udp->destination_port};
  if (!udp_.Has(to)) {
    ++counters_.no_receiver;
    SendIcmpError(packet, IcmpUnreachable::kPort);
    return;
  }
  packet.payload.TrimFront(kUdpHeaderBytes);
  udp_.Deliver(from, to, packet.payload);
}

void Interface::DeliverTcp(ReceivedPacket&& packet) {
  if (tcp_ == nullptr || packet.to_group) {
    ++counters_.no_receiver;
    return;
  }
  if (!ChecksumIsGood(packet)) {
    ++counters_.Of(Malformed::kChecksum);
    return;
  }
  std::optional<Flow> flow;
  if (packet.core_decided) flow = FlowOf(packet);
  tcp_->OnSegment(packet.header, std::move(packet.payload));
  if (!flow.has_value() || tcp_->Has(*flow)) return;
  const CoreId home = shared_->HomeOf(*flow);
  if (home != core_) PassOn(home, FlowGone{*flow});
}

void Interface::PassOn(CoreId core, PassedOn what) {
  if (!shared_->CountPassed(core)) {
    ++counters_.no_room;
    return;
  }
  ++counters_.packets_passed_on;
  outbox_[core.index()].push_back(std::move(what));
  ScheduleFlush();
}

void Interface::OnPassedOn(std::vector<PassedOn> batch) {
  shared_->CountArrived(core_, batch.size());
  bool frames_to_send = false;
  for (PassedOn& what : batch) {
    if (auto* packet = std::get_if<ReceivedPacket>(&what)) {
      Receive(std::move(*packet));
    } else if (auto* arp = std::get_if<ArpMessage>(&what)) {
      OnArp(*arp, true);
    } else if (auto* gone = std::get_if<FlowGone>(&what)) {
      away_.Forget(gone->flow);
    } else {
      TransmitFrame(std::move(std::get<OutgoingFrame>(what)));
      frames_to_send = true;
    }
  }
  if (tcp_ != nullptr) tcp_->OnBurstEnd();
  if (frames_to_send) Flush();
}

void Interface::DeliverLoopback() {
  loopback_scheduled_ = false;
  // Those that come meanwhile have an event of their own.
  for (size_t left = loopback_.size(); left != 0 && !loopback_.empty();
       --left) {
    ReceivedPacket packet = std::move(loopback_.front());
    loopback_.pop_front();
    Receive(std::move(packet));
  }
  if (tcp_ != nullptr) tcp_->OnBurstEnd();
}

}  // namespace ebbrt::ip
