// Which core a packet goes to (core/net/ip/shared_interface.h).
#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "core/base/random.h"
#include "core/net/ip/flow.h"
#include "core/net/ip/interface.h"
#include "core/net/ip/packet_front.h"
#include "core/net/wire/icmp.h"

namespace ebbrt::ip {

CoreId Interface::CoreFor(ReceivedPacket& packet) {
  const Ipv4Header& header = packet.header;
  if (header.is_fragment()) {
    // All of a packet's go to the core that puts them together.
    const Flow fragments = {.local = header.destination,
                            .remote = header.source,
                            .local_port = header.identification,
                            .remote_port = header.protocol};
    return CoreId(HashOf(fragments, shared_->secret()) %
                  shared_->core_count());
  }
  if (header.protocol == kProtocolIcmp) return CoreForIcmp(packet);
  const std::optional<Flow> flow = FlowOf(packet);
  if (!flow.has_value()) return core_;
  if (header.protocol == kProtocolTcp) return CoreForTcp(packet, *flow);
  if (header.protocol == kProtocolUdp) return CoreForUdp(packet, *flow);
  return core_;
}

CoreId Interface::CoreForTcp(ReceivedPacket& packet, const Flow& flow) {
  if (tcp_ == nullptr) return core_;
  const CoreId home = shared_->HomeOf(flow);
  if (home != core_) return tcp_->Has(flow) ? core_ : home;
  const std::vector<PortTable::Owner>* listeners =
      listeners_.Find({flow.local.ToIpAddress(), flow.local_port});
  const bool only_others_listen =
      listeners != nullptr &&
      std::ranges::none_of(*listeners, [this](const PortTable::Owner& owner) {
        return owner.core == core_;
      });
  if (!only_others_listen && away_.empty()) return core_;
  if (tcp_->Has(flow)) return core_;
  packet.core_decided = true;
  std::optional<CoreId> away = away_.Find(flow);
  if (away.has_value()) return *away;
  if (!only_others_listen) return core_;
  const uint64_t hash = HashOf(flow, shared_->secret());
  const CoreId chosen = (*listeners)[hash % listeners->size()].core;
  // (What an error is about has begun already, or never will.)
  if (packet.header.protocol == kProtocolTcp) away_.Add(flow, chosen);
  return chosen;
}

CoreId Interface::CoreForUdp(ReceivedPacket& packet, const Flow& flow) {
  packet.core_decided = true;
  const Endpoint local = {flow.local.ToIpAddress(), flow.local_port};
  if (udp_.Has(local)) return core_;
  // A flow keeps to one of the sockets that share the endpoint.
  Random random(HashOf(flow, shared_->secret()));
  std::optional<PortTable::Found> found =
      shared_->udp_ports.Find(local, random);
  return found.has_value() ? found->owner.core : core_;
}

CoreId Interface::CoreForIcmp(ReceivedPacket& packet) {
  const std::span<const std::byte> bytes =
      Front(packet.payload,
            kIcmpHeaderBytes + kIpv4HeaderBytesMax + kIcmpQuotedBytes);
  Parsed<IcmpHeader> icmp = ParseIcmp(bytes);
  if (!icmp) return core_;
  if (icmp->type == IcmpType::kEchoReply) {
    // Its identifier is the core that asked.
    const uint32_t core = icmp->rest >> 16;
    return core < shared_->core_count() ? CoreId(core) : core_;
  }
  if (!IsError(icmp->type)) return core_;
  // To where the flow lives that it is about.
  Parsed<IcmpQuotation> quotation =
      ParseIcmpQuotation(bytes.subspan(kIcmpHeaderBytes));
  if (!quotation) return core_;
  const Flow flow = {.local = quotation->packet.source,
                     .remote = quotation->packet.destination,
                     .local_port = quotation->source_port,
                     .remote_port = quotation->destination_port};
  if (quotation->packet.protocol == kProtocolTcp) {
    return CoreForTcp(packet, flow);
  }
  if (quotation->packet.protocol == kProtocolUdp) {
    return CoreForUdp(packet, flow);
  }
  return core_;
}

}  // namespace ebbrt::ip
