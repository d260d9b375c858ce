// The network Ebb on kernel sockets.
//
// Each core has listening sockets, connections, receive buffers and a way of
// talking to the kernel of its own, and shares nothing with the others but the
// record of who listens where.
//
// Cores: one representative a core. Ownership: the Ebb's; with it go its
// connections. Blocks: never. Allocates: connections, received bytes.
// Errors: see core/net/network.h.
#ifndef EBBRT_PLATFORM_LINUX_SOCKETS_KERNEL_NETWORK_H_
#define EBBRT_PLATFORM_LINUX_SOCKETS_KERNEL_NETWORK_H_

#include <cstddef>
#include <map>
#include <memory>

#include "absl/status/statusor.h"
#include "core/base/intrusive_queue.h"
#include "core/net/network.h"
#include "platform/linux/kernel_events.h"
#include "platform/linux/sockets/kernel_connection.h"
#include "platform/linux/sockets/descriptor.h"
#include "platform/linux/sockets/kernel_connector.h"
#include "platform/linux/sockets/kernel_listener.h"
#include "platform/linux/sockets/listening_endpoints.h"
#include "platform/linux/sockets/receive_pool.h"
#include "platform/linux/sockets/stream.h"

namespace ebbrt::sockets {

class KernelNetwork final : public Network {
 public:
  explicit KernelNetwork(std::shared_ptr<ListeningEndpoints> listening);
  ~KernelNetwork() override;

  // Network.
  absl::StatusOr<Endpoint> ListenTcp(const Endpoint& local,
                                     TcpAcceptor acceptor) override;
  void StopListeningTcp(const Endpoint& local) override;
  void ConnectTcp(const Endpoint& remote,
                  std::unique_ptr<TcpHandler> handler) override;
  absl::StatusOr<std::unique_ptr<UdpSocket>> OpenUdp(
      const Endpoint& local, UdpReceiver receiver) override;

  // What follows is for connections, listeners and connectors.

  platform::internal::KernelEvents& events() { return events_; }
  Streams& streams() { return *streams_; }

  // Has its Flush called, in an event, behind all that are queued.
  void QueueFlush(KernelConnection& connection);
  // The calling core's.
  static KernelNetwork& Mine();
  // A peer has connected to an endpoint where this core listens; or where it
  // no longer does, and then the peer is refused. Another core may have
  // accepted the connection.
  void Accept(Descriptor connected, const Endpoint& listening,
              const Endpoint& remote, std::shared_ptr<ListenerLoad> load);
  // A connection is open. `load` counts it, if it was accepted.
  void Open(Descriptor connected, const Endpoint& remote,
            std::unique_ptr<TcpHandler> handler,
            std::shared_ptr<ListenerLoad> load);
  void Remove(KernelConnection& connection);
  void Remove(KernelConnector& connector);

 private:
  void FlushAll();

  const std::shared_ptr<ListeningEndpoints> listening_;
  platform::internal::KernelEvents& events_;
  ReceivePool* const pool_;
  std::unique_ptr<Streams> streams_;
  std::map<Endpoint, std::shared_ptr<KernelListener>> listeners_;
  IntrusiveList<KernelConnection> connections_;
  IntrusiveList<KernelConnector> connectors_;
  IntrusiveQueue<KernelConnection> flush_;
  bool flush_spawned_ = false;
};

}  // namespace ebbrt::sockets

#endif  // EBBRT_PLATFORM_LINUX_SOCKETS_KERNEL_NETWORK_H_
