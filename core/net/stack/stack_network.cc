#include "core/net/stack/stack_network.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/async/combinators.h"
#include "core/ebb/ebb.h"
#include "core/event/event_loop.h"
#include "core/net/wire/big_endian.h"
#include "core/net/wire/tcp_header.h"
#include "platform/current.h"

namespace ebbrt {
namespace {

constexpr size_t kHeadersMin = kIpv4HeaderBytes + kTcpHeaderBytesMin;

uint16_t SegmentBytesFor(size_t mtu) {
  return static_cast<uint16_t>(
      std::clamp(mtu, kHeadersMin + 1, kIpv4PacketBytesMax) - kHeadersMin);
}

tcp::IcmpQuotation ToTcp(const IcmpQuotation& quotation) {
  return {.local = {quotation.packet.source.ToIpAddress(),
                    quotation.source_port},
          .remote = {quotation.packet.destination.ToIpAddress(),
                     quotation.destination_port},
          .sequence = quotation.sequence};
}

ip::Flow FlowOf(const Endpoint& local, const Endpoint& remote) {
  return {.local = Ipv4Address(local.address),
          .remote = Ipv4Address(remote.address),
          .local_port = local.port,
          .remote_port = remote.port};
}

// Views of the payload are sent, or, where they would cost more, a copy.
bool IsCopied(const IOBufChain& payload) {
  // What a view costs beyond the copy of a buffer: it is made and dropped, and
  // is one more for the device to fetch.
  constexpr size_t kBytesWorthAView = 256;
  constexpr size_t kCopiedBytesMax = 2048;
  return payload.length() <= kBytesWorthAView * payload.buffer_count() &&
         payload.length() <= kCopiedBytesMax;
}

// A segment with room for the headers before it; none: there is no memory.
std::optional<IOBufChain> Build(std::span<const std::byte> header,
                                const IOBufChain& payload) {
  const bool copied = IsCopied(payload);
  const size_t bytes = header.size() + (copied ? payload.length() : 0);
  std::unique_ptr<IOBuf> front =
      IOBuf::Create(ip::Interface::kHeadroomBytes + bytes,
                    ip::Interface::kHeadroomBytes);
  if (front == nullptr) return std::nullopt;
  std::byte* at = front->Append(bytes);
  std::memcpy(at, header.data(), header.size());
  if (copied) {
    payload.CopyTo({at + header.size(), payload.length()});
    return IOBufChain(std::move(front));
  }
  std::optional<IOBufChain> views = payload.Clone();
  if (views.has_value()) views->PushFront(std::move(front));
  return views;
}

void FailLater(std::unique_ptr<TcpHandler> handler, absl::Status status) {
  Spawn([handler = std::move(handler), status = std::move(status)] {
    handler->OnClosed(status);
  });
}

}  // namespace

Future<EbbRef<Network>> StackNetwork::Create(EbbId id,
                                             EbbRef<ip::Interface> interface,
                                             const tcp::Options& options,
                                             const tcp::HashKey& secret) {
  const EbbRef<Network> self(id);
  CreatePerCoreEbb<Network>(id, [self, interface, options, secret] {
    return std::make_unique<StackNetwork>(self, interface, options, secret);
  });
  // Segments may come to any core from now on.
  for (uint32_t core = 0; core < Platform::CoreCount(); ++core) {
    Future<void> made =
        Async(CoreId(core), [self] { static_cast<void>(*self); });
    absl::Status status = co_await std::move(made);
    if (!status.ok()) co_return status;
  }
  co_return self;
}

StackNetwork::StackNetwork(EbbRef<Network> self,
                           EbbRef<ip::Interface> interface,
                           const tcp::Options& options,
                           const tcp::HashKey& secret)
    : self_(self),
      interface_(*interface),
      host_(options, *this, secret),
      timer_([this] { host_.OnTimer(Platform::Now()); }) {
  interface_.SetTcp(this);
}

absl::StatusOr<Endpoint> StackNetwork::ListenTcp(const Endpoint& local,
                                                 TcpAcceptor acceptor) {
  const bool ours =
      local.address.is_v4() &&
      (local.address == IpAddress() ||
       interface_.IsOurs(Ipv4Address(local.address)));
  if (!ours) {
    return absl::InvalidArgumentError(
        absl::StrCat(local.ToString(), " is not an address of this node"));
  }
  PortTable& ports = interface_.shared().tcp_ports;
  absl::StatusOr<Endpoint> bound = ports.Bind(local, {interface_.core(), 0});
  if (!bound.ok()) return bound;
  absl::StatusOr<Endpoint> listening =
      host_.Listen(*bound, std::move(acceptor));
  if (!listening.ok()) ports.Unbind(*bound, interface_.core());
  return listening;
}

void StackNetwork::StopListeningTcp(const Endpoint& local) {
  host_.StopListening(local);
  interface_.shared().tcp_ports.Unbind(local, interface_.core());
}

void StackNetwork::ConnectTcp(const Endpoint& remote,
                              std::unique_ptr<TcpHandler> handler) {
  EBBRT_CHECK(handler != nullptr);
  std::optional<Ipv4Address> source;
  if (remote.address.is_v4()) {
    source = interface_.SourceFor(Ipv4Address(remote.address));
  }
  if (!source.has_value() || source->unspecified()) {
    FailLater(std::move(handler),
              absl::UnavailableError(
                  absl::StrCat(remote.ToString(), ": no route")));
    return;
  }
  absl::Status status =
      host_.Connect({source->ToIpAddress(), 0}, remote, handler);
  if (!status.ok()) {
    FailLater(std::move(handler),
              absl::Status(status.code(), absl::StrCat(remote.ToString(), ": ",
                                                       status.message())));
  }
}

absl::StatusOr<std::unique_ptr<UdpSocket>> StackNetwork::OpenUdp(
    const Endpoint& local, UdpReceiver receiver) {
  return interface_.udp().Open(local, std::move(receiver));
}

void StackNetwork::Transmit(const tcp::OutgoingSegment& segment,
                            const IOBufChain& payload) {
  const Ipv4Address destination(segment.destination);
  const size_t header_bytes = segment.header.size();
  const size_t mtu = interface_.MtuTo(destination);
  const size_t bytes = segment.segment_bytes != 0 ? segment.segment_bytes
                                                  : payload.length();
  if (kIpv4HeaderBytes + header_bytes + bytes > mtu) OnTooLong(segment, mtu);
  std::optional<IOBufChain> built = Build(segment.header, payload);
  if (!built.has_value()) return;  // As if it had been lost.
  ip::OutgoingPacket packet;
  packet.source = Ipv4Address(segment.source);
  packet.destination = destination;
  packet.protocol = kProtocolTcp;
  packet.traffic_class = static_cast<uint8_t>(segment.ecn);
  packet.dont_fragment = true;
  packet.checksum_at = kTcpChecksumOffset;
  packet.header_bytes = static_cast<uint16_t>(header_bytes);
  packet.segment_bytes = segment.segment_bytes;
  static_cast<void>(interface_.Send(packet, *std::move(built)));
}

void StackNetwork::OnTooLong(const tcp::OutgoingSegment& segment, size_t mtu) {
  const std::byte* header = segment.header.data();
  const tcp::IcmpQuotation quotation = {
      .local = {segment.source, LoadBig<uint16_t>(header)},
      .remote = {segment.destination, LoadBig<uint16_t>(header + 2)},
      .sequence = LoadBig<uint32_t>(header + 4)};
  // The host is at work: it learns of it later.
  Spawn([self = self_, quotation, mtu] {
    Of(self).host_.OnPathMtu(quotation, SegmentBytesFor(mtu), Platform::Now());
  });
}

tcp::Path StackNetwork::PathTo(const IpAddress& local,
                               const IpAddress& remote) {
  (void)local;
  const Ipv4Address destination(remote);
  const size_t cut = interface_.SegmentationMax(destination);
  return {.segment_bytes_max = SegmentBytesFor(interface_.MtuTo(destination)),
          .cut_bytes_max = static_cast<uint32_t>(cut)};
}

bool StackNetwork::ArrivesHere(const Endpoint& local, const Endpoint& remote) {
  return interface_.IsHomeOfOpened(FlowOf(local, remote));
}

Time StackNetwork::Now() { return Platform::Now(); }

void StackNetwork::SetTimer(Time deadline) {
  if (deadline == kTimeNever) {
    timer_.Cancel();
  } else {
    timer_.Set(deadline);
  }
}

void StackNetwork::Defer() {
  Spawn([self = self_] { Of(self).host_.RunDeferred(); });
}

bool StackNetwork::Has(const ip::Flow& flow) const {
  return host_.Has({flow.local.ToIpAddress(), flow.local_port},
                   {flow.remote.ToIpAddress(), flow.remote_port});
}

void StackNetwork::OnSegment(const Ipv4Header& header, IOBufChain&& segment) {
  std::optional<TcpHeader> tcp = TakeTcpHeader(segment);
  if (!tcp.has_value()) return;
  host_.OnSegment(header.source.ToIpAddress(),
                  header.destination.ToIpAddress(), *tcp, std::move(segment),
                  static_cast<tcp::Ecn>(header.traffic_class & 3),
                  Platform::Now());
}

void StackNetwork::OnBurstEnd() { host_.OnBurstEnd(Platform::Now()); }

void StackNetwork::OnPathMtu(const IcmpQuotation& quotation, size_t mtu) {
  host_.OnPathMtu(ToTcp(quotation), SegmentBytesFor(mtu), Platform::Now());
}

void StackNetwork::OnUnreachable(const IcmpQuotation& quotation,
                                 bool refused) {
  host_.OnUnreachable(ToTcp(quotation), refused);
}

void StackNetwork::OnAddressChange() {
  host_.EndWhere([this](const IpAddress& local) {
    return !interface_.IsOurs(Ipv4Address(local));
  });
}

}  // namespace ebbrt
