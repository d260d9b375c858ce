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
#include <mutex>

#include "absl/status/statusor.h"
#include "core/base/intrusive_queue.h"
#include "core/net/network.h"
#include "platform/linux/kernel_events.h"
#include "platform/linux/sockets/kernel_connection.h"
#include "platform/linux/sockets/kernel_connector.h"
#include "platform/linux/sockets/kernel_listener.h"
#include "platform/linux/sockets/receive_pool.h"
#include "platform/linux/sockets/stream.h"

namespace ebbrt::sockets {

// Where the cores of the node listen. Any core.
class ListeningEndpoints {
 public:
  // Held while a core begins to listen, so that of all cores exactly one is
  // the first. The kernel's part of it does not wait for anything.
  std::mutex& mutex() { return mutex_; }

  // REQUIRES: the mutex.
  bool contains(const Endpoint& local) const { return count_.contains(local); }
  void Add(const Endpoint& local) { ++count_[local]; }
  void Remove(const Endpoint& local) {
    if (--count_[local] == 0) count_.erase(local);
  }

 private:
  std::mutex mutex_;
  // Ordered: an endpoint compares, and there are few.
  std::map<Endpoint, size_t> count_;
};

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
  // A peer has connected.
  void Accept(int descriptor, const Endpoint& remote,
              const TcpAcceptor& acceptor);
  // A connection is open.
  void Open(int descriptor, const Endpoint& remote,
            std::unique_ptr<TcpHandler> handler);
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
