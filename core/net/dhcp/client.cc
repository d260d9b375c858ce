#include "core/net/dhcp/client.h"

#include <utility>

#include "platform/current.h"

namespace ebbrt::dhcp {

std::shared_ptr<Client> Client::Create(EbbRef<ip::Interface> interface,
                                       uint64_t seed) {
  return std::make_shared<Client>(interface, seed);
}

Client::Client(EbbRef<ip::Interface> interface, uint64_t seed)
    : interface_(interface),
      machine_(*this, interface->mac(), seed),
      timer_([this] { OnTimer(); }) {}

Future<Lease> Client::Start() {
  first_lease_.emplace();
  Future<Lease> lease = first_lease_->GetFuture();
  absl::StatusOr<std::unique_ptr<UdpSocket>> socket = interface_->udp().Open(
      {IpAddress(), kDhcpClientPort},
      [this](const Endpoint&, IOBufChain datagram) {
        OnDatagram(std::move(datagram));
      });
  if (!socket.ok()) {
    first_lease_->SetOutcome(socket.status());
    return lease;
  }
  socket_ = *std::move(socket);
  machine_.Start(Platform::Now());
  SetTimer();
  return lease;
}

void Client::OnDatagram(IOBufChain datagram) {
  if (datagram.empty() || datagram.Coalesce(datagram.length()) == nullptr) {
    return;
  }
  Parsed<DhcpMessage> message = ParseDhcp(datagram.front().bytes());
  if (!message) return;
  machine_.OnMessage(*message, Platform::Now());
  SetTimer();
}

void Client::OnTimer() {
  machine_.OnTimer(Platform::Now());
  SetTimer();
}

void Client::SetTimer() {
  if (machine_.next_deadline() == kTimeNever) {
    timer_.Cancel();
  } else {
    timer_.Set(machine_.next_deadline());
  }
}

void Client::Send(Ipv4Address to, const DhcpMessage& message) {
  std::unique_ptr<IOBuf> datagram = IOBuf::Create(kDhcpMessageBytes);
  if (datagram == nullptr) return;  // As if it had been lost.
  WriteDhcp(message, datagram->Append(kDhcpMessageBytes));
  static_cast<void>(socket_->SendTo({to.ToIpAddress(), kDhcpServerPort},
                                    IOBufChain(std::move(datagram))));
}

void Client::Broadcast(const DhcpMessage& message) {
  Send(kBroadcastV4, message);
}

void Client::SendTo(Ipv4Address server, const DhcpMessage& message) {
  Send(server, message);
}

void Client::Probe(Ipv4Address address) {
  static_cast<void>(interface_->IsTaken(address).Then(
      [self = weak_from_this()](absl::StatusOr<bool> taken) {
        std::shared_ptr<Client> client = self.lock();
        if (client == nullptr) return;
        client->machine_.OnProbed(taken.ok() && *taken, Platform::Now());
        client->SetTimer();
      }));
}

void Client::OnLease(const Lease& lease) {
  const ip::Configuration configuration = {
      .address = lease.address,
      .prefix_bits = lease.prefix_bits,
      .gateway = lease.gateway};
  // A renewal usually changes nothing: neighbours and routes stay.
  if (configuration == configured_) return;
  configured_ = configuration;
  static_cast<void>(
      ip::Interface::Configure(interface_, configuration)
          .Then([self = weak_from_this(), lease](absl::Status status) {
            std::shared_ptr<Client> client = self.lock();
            if (client == nullptr || !client->first_lease_.has_value()) return;
            Promise<Lease> promise = *std::move(client->first_lease_);
            client->first_lease_.reset();
            if (status.ok()) {
              promise.SetValue(lease);
            } else {
              promise.SetOutcome(std::move(status));
            }
          }));
}

void Client::OnLeaseLost() {
  configured_ = {};
  static_cast<void>(ip::Interface::Configure(interface_, {}));
}

}  // namespace ebbrt::dhcp
