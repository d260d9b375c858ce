#include "core/net/ip/udp_sockets.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/net/ip/interface.h"

namespace ebbrt::ip {

class UdpSockets::Socket final : public UdpSocket {
 public:
  Socket(UdpSockets& sockets, const Endpoint& local, UdpReceiver receiver)
      : sockets_(&sockets),
        local_(local),
        receiver_(std::make_shared<UdpReceiver>(std::move(receiver))) {}
  ~Socket() override {
    if (sockets_ != nullptr) sockets_->Close(local_);
  }

  absl::Status SendTo(const Endpoint& to, IOBufChain datagram) override {
    if (sockets_ == nullptr) return absl::CancelledError("the node ends");
    return sockets_->Send(local_, to, std::move(datagram));
  }
  const Endpoint& local() const override { return local_; }

  void Receive(const Endpoint& from, IOBufChain datagram) {
    // The receiver may close the socket.
    std::shared_ptr<UdpReceiver> receiver = receiver_;
    (*receiver)(from, std::move(datagram));
  }
  void OnInterfaceGone() { sockets_ = nullptr; }

 private:
  UdpSockets* sockets_;
  const Endpoint local_;
  const std::shared_ptr<UdpReceiver> receiver_;
};

UdpSockets::~UdpSockets() {
  for (auto& [local, socket] : sockets_) socket->OnInterfaceGone();
}

absl::StatusOr<std::unique_ptr<UdpSocket>> UdpSockets::Open(
    const Endpoint& local, UdpReceiver receiver) {
  if (!local.address.is_v4()) {
    return absl::InvalidArgumentError(
        absl::StrCat(local.ToString(), " is not an IPv4 endpoint"));
  }
  const Ipv4Address address(local.address);
  if (!address.unspecified() && !interface_.IsOurs(address)) {
    return absl::InvalidArgumentError(
        absl::StrCat(local.ToString(), " is not an address of this node"));
  }
  absl::StatusOr<Endpoint> bound =
      interface_.shared().udp_ports.Bind(local, {interface_.core(), 0});
  if (!bound.ok()) return bound.status();
  auto socket = std::make_unique<Socket>(*this, *bound, std::move(receiver));
  sockets_[*bound] = socket.get();
  return socket;
}

void UdpSockets::Close(const Endpoint& local) {
  sockets_.erase(local);
  interface_.shared().udp_ports.Unbind(local, interface_.core());
}

UdpSockets::Socket* UdpSockets::Find(const Endpoint& local) const {
  auto found = sockets_.find(local);
  if (found == sockets_.end()) {
    found = sockets_.find({IpAddress(), local.port});
  }
  return found == sockets_.end() ? nullptr : found->second;
}

bool UdpSockets::Deliver(const Endpoint& from, const Endpoint& to,
                         IOBufChain& data) {
  Socket* socket = Find(to);
  if (socket == nullptr) return false;
  socket->Receive(from, std::move(data));
  return true;
}

absl::Status UdpSockets::Send(const Endpoint& from, const Endpoint& to,
                              IOBufChain datagram) {
  if (datagram.length() > kDatagramBytesMax || !to.address.is_v4() ||
      to.port == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(to.ToString(), ": a datagram of ", datagram.length(),
                     " bytes; at most ", kDatagramBytesMax,
                     " can be sent, to an IPv4 endpoint"));
  }
  OutgoingPacket packet;
  packet.destination = Ipv4Address(to.address);
  packet.source = Ipv4Address(from.address);
  if (packet.source.unspecified()) {
    std::optional<Ipv4Address> source =
        interface_.SourceFor(packet.destination);
    if (!source.has_value()) {
      return absl::Status(absl::StatusCode::kUnavailable, "");
    }
    packet.source = *source;
  }
  packet.protocol = kProtocolUdp;
  packet.checksum_at = kUdpChecksumOffset;
  // The frame's first buffer wants 64 bytes, if it has them.
  std::unique_ptr<IOBuf> header =
      IOBuf::Create(64, Interface::kHeadroomBytes);
  if (header == nullptr) {
    return absl::Status(absl::StatusCode::kResourceExhausted, "");
  }
  WriteUdp({.source_port = from.port,
            .destination_port = to.port,
            .total_bytes =
                static_cast<uint16_t>(kUdpHeaderBytes + datagram.length()),
            .checksum = 0},
           header->Append(kUdpHeaderBytes));
  datagram.PushFront(std::move(header));
  return interface_.Send(packet, std::move(datagram));
}

}  // namespace ebbrt::ip
