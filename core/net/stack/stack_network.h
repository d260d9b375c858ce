// The network Ebb on our own stack: TCP and UDP over an IP interface.
//
// One core's part: a TCP host of its own, beside the interface's part of the
// same core. Which core a connection lives on is the interface's matter
// (core/net/ip/shared_interface.h).
//
// Cores: one representative a core. Ownership: the Ebb's; with it go its
// connections. Blocks: never. Allocates: connections; a buffer for each
// segment's header. Bound: core/net/tcp/options.h.
// Errors: see core/net/network.h.
#ifndef EBBRT_CORE_NET_STACK_STACK_NETWORK_H_
#define EBBRT_CORE_NET_STACK_STACK_NETWORK_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "core/async/future.h"
#include "core/ebb/ebb_id.h"
#include "core/ebb/ebb_ref.h"
#include "core/event/timer.h"
#include "core/net/ip/interface.h"
#include "core/net/ip/tcp_input.h"
#include "core/net/network.h"
#include "core/net/tcp/hash.h"
#include "core/net/tcp/host.h"
#include "core/net/tcp/options.h"
#include "core/net/tcp/output.h"

namespace ebbrt {

class StackNetwork final : public Network,
                           private tcp::Output,
                           private ip::TcpInput {
 public:
  // Makes `id` name a network over `interface`; the future tells when each
  // core has its part. `secret` is entropy.
  static Future<EbbRef<Network>> Create(EbbId id,
                                        EbbRef<ip::Interface> interface,
                                        const tcp::Options& options,
                                        const tcp::HashKey& secret);

  StackNetwork(EbbRef<Network> self, EbbRef<ip::Interface> interface,
               const tcp::Options& options, const tcp::HashKey& secret);

  // Network.
  absl::StatusOr<Endpoint> ListenTcp(const Endpoint& local,
                                     TcpAcceptor acceptor) override;
  void StopListeningTcp(const Endpoint& local) override;
  void ConnectTcp(const Endpoint& remote,
                  std::unique_ptr<TcpHandler> handler) override;
  absl::StatusOr<std::unique_ptr<UdpSocket>> OpenUdp(
      const Endpoint& local, UdpReceiver receiver) override;
  // Of TCP ("tcp_..."), and of the interface ("ip_...").
  std::vector<NetworkCounter> Counters() const override;

  const tcp::Host& tcp() const { return host_; }

 private:
  // tcp::Output.
  void Transmit(const tcp::OutgoingSegment& segment,
                const IOBufChain& payload) override;
  tcp::Path PathTo(const IpAddress& local, const IpAddress& remote) override;
  bool ArrivesHere(const Endpoint& local, const Endpoint& remote) override;
  Time Now() override;
  void SetTimer(Time deadline) override;
  void Defer() override;

  // ip::TcpInput.
  bool Has(const ip::Flow& flow) const override;
  void OnSegment(const Ipv4Header& header, IOBufChain&& segment) override;
  void OnBurstEnd() override;
  void OnPathMtu(const IcmpQuotation& quotation, size_t mtu) override;
  void OnUnreachable(const IcmpQuotation& quotation, bool refused) override;
  void OnAddressChange() override;

  // A segment was too long for a path that has become narrower.
  void OnTooLong(const tcp::OutgoingSegment& segment, size_t mtu);
  // This core's part, from an event.
  static StackNetwork& Of(EbbRef<Network> self) {
    return static_cast<StackNetwork&>(*self);
  }

  const EbbRef<Network> self_;
  ip::Interface& interface_;
  tcp::Host host_;
  Timer timer_;
};

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_STACK_STACK_NETWORK_H_
