#include "platform/linux/sockets/kernel_network.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "core/base/check.h"
#include "core/event/event_loop.h"
#include "platform/linux/linux.h"
#include "platform/linux/sockets/kernel_udp_socket.h"
#include "platform/linux/sockets/socket_address.h"

namespace ebbrt::sockets {

KernelNetwork::KernelNetwork(std::shared_ptr<ListeningEndpoints> listening)
    : listening_(std::move(listening)),
      events_(platform::internal::CurrentKernelEvents()),
      pool_(ReceivePool::Create()) {
  // A core that is refused its first few megabytes cannot serve anybody.
  EBBRT_CHECK(pool_ != nullptr);
  streams_ = MakeUringStreams(events_, *pool_);
  if (streams_ == nullptr) streams_ = MakeEpollStreams(events_, *pool_);
  EBBRT_CHECK(streams_ != nullptr);
}

KernelNetwork::~KernelNetwork() {
  while (!listeners_.empty()) {
    StopListeningTcp(Endpoint(listeners_.begin()->first));
  }
  while (KernelConnector* connector = connectors_.PopFront()) delete connector;
  while (KernelConnection* connection = connections_.PopFront()) {
    delete connection;
  }
  pool_->Retire();
}

absl::StatusOr<Endpoint> KernelNetwork::ListenTcp(const Endpoint& local,
                                                  TcpAcceptor acceptor) {
  if (listeners_.contains(local)) {
    return SocketError(local, "this core listens there", EADDRINUSE);
  }
  std::scoped_lock guard(listening_->mutex());
  absl::StatusOr<std::shared_ptr<KernelListener>> listener =
      KernelListener::Create(*this, local, listening_->contains(local),
                             std::move(acceptor));
  if (!listener.ok()) return listener.status();
  const Endpoint bound = (*listener)->local();
  (*listener)->set_load(listening_->Add(
      bound, platform::Linux::CurrentCore(), platform::Linux::CoreCount()));
  listeners_.emplace(bound, *std::move(listener));
  return bound;
}

void KernelNetwork::StopListeningTcp(const Endpoint& local) {
  auto found = listeners_.find(local);
  if (found == listeners_.end()) return;
  found->second->Stop();
  listeners_.erase(found);
  std::scoped_lock guard(listening_->mutex());
  listening_->Remove(local, platform::Linux::CurrentCore());
}

void KernelNetwork::ConnectTcp(const Endpoint& remote,
                               std::unique_ptr<TcpHandler> handler) {
  EBBRT_CHECK(handler != nullptr);
  auto* connector = new KernelConnector(*this, remote, std::move(handler));
  connectors_.PushBack(connector);
  connector->Start();
}

absl::StatusOr<std::unique_ptr<UdpSocket>> KernelNetwork::OpenUdp(
    const Endpoint& local, UdpReceiver receiver) {
  return OpenKernelUdpSocket(events_, local, std::move(receiver));
}

void KernelNetwork::QueueFlush(KernelConnection& connection) {
  flush_.PushBack(&connection);
  if (std::exchange(flush_spawned_, true)) return;
  Spawn([this] { FlushAll(); });
}

void KernelNetwork::FlushAll() {
  flush_spawned_ = false;
  // What is queued meanwhile gets an event of its own.
  IntrusiveQueue<KernelConnection> queued = std::move(flush_);
  while (KernelConnection* connection = queued.PopFront()) {
    connection->Flush();
  }
}

KernelNetwork& KernelNetwork::Mine() {
  return static_cast<KernelNetwork&>(*network);
}

void KernelNetwork::Accept(Descriptor connected, const Endpoint& listening,
                           const Endpoint& remote,
                           std::shared_ptr<ListenerLoad> load) {
  std::unique_ptr<TcpHandler> handler;
  auto found = listeners_.find(listening);
  if (found != listeners_.end()) {
    // It may stop listening from within the call.
    std::shared_ptr<KernelListener> listener = found->second;
    handler = listener->acceptor()(remote);
  }
  if (handler != nullptr) {
    Open(std::move(connected), remote, std::move(handler), std::move(load));
    return;
  }
  load->Remove(platform::Linux::CurrentCore());
  // Closing it then sends a reset.
  const linger reset = {.l_onoff = 1, .l_linger = 0};
  setsockopt(connected.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
}

void KernelNetwork::Open(Descriptor connected, const Endpoint& remote,
                         std::unique_ptr<TcpHandler> handler,
                         std::shared_ptr<ListenerLoad> load) {
  auto* connection =
      new KernelConnection(*this, connected.Release(), remote,
                           std::move(handler), std::move(load));
  connections_.PushBack(connection);
  connection->Open();
}

void KernelNetwork::Remove(KernelConnection& connection) {
  static_cast<ListLink&>(connection).Unlink();
  delete &connection;
}

void KernelNetwork::Remove(KernelConnector& connector) {
  connector.Unlink();
  delete &connector;
}

}  // namespace ebbrt::sockets
