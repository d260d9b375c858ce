#include "core/net/memory_network.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/ebb/ebb.h"
#include "core/event/event_loop.h"
#include "core/net/memory_core.h"
#include "core/net/memory_udp_socket.h"
#include "platform/current.h"

namespace ebbrt {

void InstallMemoryNetwork(const MemoryNetworkOptions& options) {
  EBBRT_CHECK(options.window_bytes > 0 && options.segment_bytes_max > 0);
  auto node = std::make_shared<internal::MemoryNetworkNode>(options);
  CreatePerCoreEbb<Network>(kNetworkId, [node] {
    return std::make_unique<internal::MemoryNetwork>(node);
  });
}

size_t MemoryConnectionCount() {
  return internal::MemoryNetwork::Mine().connection_count();
}

namespace internal {

MemoryNetwork::MemoryNetwork(std::shared_ptr<MemoryNetworkNode> node)
    : node_(std::move(node)),
      random_(node_->options.seed, Platform::CurrentCore().index()),
      datagram_arrival_([this] { DeliverDatagrams(); }) {}

MemoryNetwork::~MemoryNetwork() {
  // A socket may be held by an Ebb that goes later.
  for (auto& [key, socket] : sockets_) socket->OnNetworkGone();
}

MemoryNetwork& MemoryNetwork::Mine() {
  return static_cast<MemoryNetwork&>(*network);
}

absl::StatusOr<Endpoint> MemoryNetwork::ListenTcp(const Endpoint& local,
                                                  TcpAcceptor acceptor) {
  absl::StatusOr<Endpoint> bound =
      node_->tcp_ports.Bind(local, {Platform::CurrentCore(), 0});
  if (bound.ok()) {
    acceptors_[*bound] = std::make_shared<TcpAcceptor>(std::move(acceptor));
  }
  return bound;
}

void MemoryNetwork::StopListeningTcp(const Endpoint& local) {
  if (acceptors_.erase(local) == 0) return;
  node_->tcp_ports.Unbind(local, Platform::CurrentCore());
}

void MemoryNetwork::ConnectTcp(const Endpoint& remote,
                               std::unique_ptr<TcpHandler> handler) {
  EBBRT_CHECK(handler != nullptr);
  // Relaxed: only the numbers matter, and each is given once.
  uint64_t number =
      node_->connections_opened.fetch_add(1, std::memory_order_relaxed);
  uint16_t port = PortTable::kFirstDynamicPort +
                  number % PortTable::kDynamicPorts;
  MemoryConnection::Identity mine = {.key = 2 * number,
                                     .peer_core = Platform::CurrentCore(),
                                     .local = {remote.address, port},
                                     .remote = remote,
                                     .listening = {}};
  std::optional<PortTable::Found> listener;
  if (!random_.Chance(options().refuse)) {
    listener = node_->tcp_ports.Find(remote, random_);
  }
  if (listener.has_value()) mine.peer_core = listener->owner.core;
  auto& connection = connections_[mine.key];
  connection =
      std::make_unique<MemoryConnection>(*this, mine, std::move(handler));
  if (!listener.has_value()) {
    connection->Fail(absl::UnavailableError(
        absl::StrCat(remote.ToString(), ": connection refused")));
    return;
  }
  MemoryConnection::Identity theirs = {.key = mine.key ^ 1,
                                       .peer_core = Platform::CurrentCore(),
                                       .local = remote,
                                       .remote = mine.local,
                                       .listening = listener->bound};
  SpawnOn(mine.peer_core, [theirs, due = DueTime(true)] {
    Mine().ReceiveConnect(theirs, due);
  });
}

void MemoryNetwork::ReceiveConnect(const MemoryConnection::Identity& identity,
                                   Time due) {
  auto& connection = connections_[identity.key];
  connection = std::make_unique<MemoryConnection>(*this, identity, nullptr);
  connection->Receive({.kind = MemoryMessage::Kind::kConnect, .due = due});
}

std::unique_ptr<TcpHandler> MemoryNetwork::CallAcceptor(
    const Endpoint& listening, const Endpoint& remote) {
  auto found = acceptors_.find(listening);
  if (found == acceptors_.end()) return nullptr;
  // It may stop listening from within the call.
  std::shared_ptr<TcpAcceptor> acceptor = found->second;
  return (*acceptor)(remote);
}

size_t MemoryNetwork::SegmentBytes(size_t bytes) {
  size_t longest = std::min(bytes, options().segment_bytes_max);
  return options().cut_randomly ? random_.Between(1, longest) : longest;
}

Time MemoryNetwork::DueTime(bool may_be_lost) {
  Duration delay = options().delay;
  if (options().jitter != Duration::zero()) {
    delay += Duration(random_.Between(0, options().jitter.count()));
  }
  if (may_be_lost && random_.Chance(options().loss)) {
    delay += MemoryNetworkOptions::kRetransmissionDelay;
  }
  if (delay == Duration::zero()) return Time::min();
  return Platform::Now() + delay;
}

void MemoryNetwork::PostTo(CoreId core, MemoryConnection::Key key,
                           MemoryMessage message) {
  SpawnOn(core, [key, message = std::move(message)]() mutable {
    MemoryConnection* connection = Mine().Find(key);
    if (connection != nullptr) connection->Receive(std::move(message));
  });
}

MemoryConnection* MemoryNetwork::Find(MemoryConnection::Key key) {
  auto found = connections_.find(key);
  return found == connections_.end() ? nullptr : found->second.get();
}

void MemoryNetwork::SpawnPump(MemoryConnection::Key key) {
  Spawn([this, key] {
    MemoryConnection* connection = Find(key);
    if (connection != nullptr) connection->Pump();
  });
}

void MemoryNetwork::SpawnEnd(MemoryConnection::Key key) {
  Spawn([this, key] { End(key); });
}

void MemoryNetwork::End(MemoryConnection::Key key) {
  if (Find(key)->End()) connections_.erase(key);
}

}  // namespace internal
}  // namespace ebbrt
