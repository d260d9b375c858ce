// Gives an interface its address by DHCP.
//
// Cores: the one that made it, from events. Ownership: the caller's; it
// outlives nothing of the interface but its sockets.
// Blocks: never. Allocates: a message at a time. Bound: as the machine.
// Errors: those of opening the client's port.
// Source: RFC 2131.
#ifndef EBBRT_CORE_NET_DHCP_CLIENT_H_
#define EBBRT_CORE_NET_DHCP_CLIENT_H_

#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "core/async/future.h"
#include "core/event/timer.h"
#include "core/net/dhcp/machine.h"
#include "core/net/ip/interface.h"
#include "core/net/network.h"

namespace ebbrt::dhcp {

class Client final : private Link,
                     public std::enable_shared_from_this<Client> {
 public:
  // Held by shared pointers, for what is under way when it is dropped.
  static std::shared_ptr<Client> Create(EbbRef<ip::Interface> interface,
                                        uint64_t seed);
  Client(EbbRef<ip::Interface> interface, uint64_t seed);

  // Begins; the future has the first lease, with which the interface is
  // configured. From then on the client keeps it up by itself.
  Future<Lease> Start();
  void Release() { machine_.Release(); }

  State state() const { return machine_.state(); }

 private:
  void OnDatagram(IOBufChain datagram);
  void OnTimer();
  void SetTimer();
  void Send(Ipv4Address to, const DhcpMessage& message);

  void Broadcast(const DhcpMessage& message) override;
  void SendTo(Ipv4Address server, const DhcpMessage& message) override;
  void Probe(Ipv4Address address) override;
  void OnLease(const Lease& lease) override;
  void OnLeaseLost() override;

  const EbbRef<ip::Interface> interface_;
  Machine machine_;
  Timer timer_;
  std::unique_ptr<UdpSocket> socket_;
  std::optional<Promise<Lease>> first_lease_;
  ip::Configuration configured_;
};

}  // namespace ebbrt::dhcp

#endif  // EBBRT_CORE_NET_DHCP_CLIENT_H_
