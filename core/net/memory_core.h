// One core's part of a memory network: its listeners, its ends of connections,
// its datagram sockets.
//
// Cores: its own. Ownership: of everything that lives on this core.
#ifndef EBBRT_CORE_NET_MEMORY_CORE_H_
#define EBBRT_CORE_NET_MEMORY_CORE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>

#include "core/base/random.h"
#include "core/base/types.h"
#include "core/event/timer.h"
#include "core/net/endpoint.h"
#include "core/net/memory_connection.h"
#include "core/net/memory_network.h"
#include "core/net/port_table.h"
#include "core/net/network.h"

namespace ebbrt::internal {

// What the cores share.
struct MemoryNetworkNode {
  explicit MemoryNetworkNode(const MemoryNetworkOptions& options_in)
      : options(options_in) {}

  const MemoryNetworkOptions options;
  PortTable tcp_ports;
  PortTable udp_ports;
  std::atomic<uint64_t> connections_opened{0};
};

class MemoryUdpSocket;

// A datagram under way.
struct MemoryDatagram {
  uint64_t socket;
  Endpoint from;
  IOBufChain data;
};

class MemoryNetwork final : public Network {
 public:
  static constexpr size_t kDatagramBytesMax = 65507;  // RFC 768, RFC 791.

  explicit MemoryNetwork(std::shared_ptr<MemoryNetworkNode> node);
  ~MemoryNetwork() override;

  // The calling core's. REQUIRES: a memory network is installed.
  static MemoryNetwork& Mine();

  absl::StatusOr<Endpoint> ListenTcp(const Endpoint& local,
                                     TcpAcceptor acceptor) override;
  void StopListeningTcp(const Endpoint& local) override;
  void ConnectTcp(const Endpoint& remote,
                  std::unique_ptr<TcpHandler> handler) override;
  absl::StatusOr<std::unique_ptr<UdpSocket>> OpenUdp(
      const Endpoint& local, UdpReceiver receiver) override;

  const MemoryNetworkOptions& options() const { return node_->options; }
  Random& random() { return random_; }
  size_t connection_count() const { return connections_.size(); }

  // The length of the next segment of `bytes` to send.
  size_t SegmentBytes(size_t bytes);
  // When something that leaves now arrives; Time::min() stands for at once.
  Time DueTime(bool may_be_lost);

  // For this core's connections. What they ask for is done in an event.
  void PostTo(CoreId core, MemoryConnection::Key key, MemoryMessage message);
  void SpawnPump(MemoryConnection::Key key);
  void SpawnEnd(MemoryConnection::Key key);
  // Null if nobody listens any more, or if the acceptor refuses.
  std::unique_ptr<TcpHandler> CallAcceptor(const Endpoint& listening,
                                           const Endpoint& remote);

  // For this core's datagram sockets.
  absl::Status SendDatagram(const Endpoint& from, const Endpoint& to,
                            IOBufChain data);
  void CloseUdp(uint64_t key, const Endpoint& local);

 private:
  // Null if it is gone: it may have failed while the event was under way.
  MemoryConnection* Find(MemoryConnection::Key key);
  void ReceiveConnect(const MemoryConnection::Identity& identity, Time due);
  void End(MemoryConnection::Key key);
  void ReceiveDatagram(Time due, MemoryDatagram datagram);
  void DeliverDatagrams();
  void DeliverDatagram(MemoryDatagram datagram);

  const std::shared_ptr<MemoryNetworkNode> node_;
  Random random_;
  std::map<Endpoint, std::shared_ptr<TcpAcceptor>> acceptors_;
  std::unordered_map<MemoryConnection::Key, std::unique_ptr<MemoryConnection>>
      connections_;
  std::map<uint64_t, MemoryUdpSocket*> sockets_;
  uint64_t next_socket_ = 0;
  std::multimap<Time, MemoryDatagram> datagrams_;  // Not due yet.
  Timer datagram_arrival_;                         // Armed for the first.
};

}  // namespace ebbrt::internal

#endif  // EBBRT_CORE_NET_MEMORY_CORE_H_
