#include "platform/sim/network/flow_network.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/event/event_loop.h"
#include "core/net/port_table.h"
#include "core/trace/trace.h"
#include "platform/sim/network/addresses.h"
#include "platform/sim/network/flow_udp_socket.h"

namespace ebbrt::platform {

using Kind = FlowMessage::Kind;
using ebbrt::PortTable;

FlowNetwork::FlowNetwork(FlowWorld& world, std::shared_ptr<FlowNode> node)
    : world_(world),
      core_(world.simulation().core()),
      node_(std::move(node)) {}

FlowNetwork::~FlowNetwork() {
  // A socket may be held by an Ebb that goes later.
  for (auto& [key, socket] : sockets_) socket->OnNetworkGone();
  while (SimInterrupt* message = sending_.PopFront()) {
    world_.Free(static_cast<FlowMessage*>(message));
  }
}

FlowNetwork& FlowNetwork::Mine() {
  return static_cast<FlowNetwork&>(*network);
}

absl::StatusOr<Endpoint> FlowNetwork::ListenTcp(const Endpoint& local,
                                                TcpAcceptor acceptor) {
  absl::StatusOr<Endpoint> bound = node_->tcp_ports.Bind(local, {core_.id, 0});
  if (bound.ok()) {
    acceptors_[*bound] = std::make_shared<TcpAcceptor>(std::move(acceptor));
  }
  return bound;
}

void FlowNetwork::StopListeningTcp(const Endpoint& local) {
  if (acceptors_.erase(local) == 0) return;
  node_->tcp_ports.Unbind(local, core_.id);
}

FlowAddress FlowNetwork::NewAddress() {
  return {.node = core_.node->number(),
          .life = core_.life,
          .core = &core_,
          .key = world_.NewKey()};
}

void FlowNetwork::ConnectTcp(const Endpoint& remote,
                             std::unique_ptr<TcpHandler> handler) {
  EBBRT_CHECK(handler != nullptr);
  uint32_t self = core_.node->number();
  std::optional<uint32_t> node = SimNodeOf(
      remote.address, self, world_.simulation().node_count());
  uint16_t port =
      static_cast<uint16_t>(PortTable::kFirstDynamicPort +
                            node_->next_port++ % PortTable::kDynamicPorts);
  Endpoint local = {node == self ? remote.address : SimAddressOf(self), port};
  FlowAddress mine = NewAddress();
  auto& connection = connections_[mine.key];
  connection = std::make_unique<FlowConnection>(*this, mine, local, remote,
                                                std::move(handler));
  if (node.has_value()) {
    connection->Connect(*node);
  } else {
    connection->Fail(absl::UnavailableError(
        absl::StrCat(remote.ToString(), ": no node has this address")));
  }
}

void FlowNetwork::Receive(FlowMessage* message) {
  switch (message->kind) {
    case Kind::kConnect:
      Accept(message);
      return;
    case Kind::kDatagram: {
      auto socket = sockets_.find(message->to.key);
      Endpoint from = message->source;
      IOBufChain data = std::move(message->data);
      world_.Free(message);
      TraceBytes(data.length());
      if (socket != sockets_.end()) {
        socket->second->Receive(from, std::move(data));
      }
      return;
    }
    default:
      break;
  }
  FlowConnection* connection = world_.FindConnection(message->to);
  if (connection != nullptr) {
    connection->Receive(message);
    return;
  }
  // A peer that has not heard of our end would wait, or send, for ever.
  if (message->kind == Kind::kAccepted || message->kind == Kind::kData ||
      message->kind == Kind::kClosed) {
    FlowMessage* reset = world_.NewMessage(Kind::kReset);
    reset->from = message->to;
    reset->to = message->from;
    SendLater(reset);
  }
  world_.Free(message);
}

void FlowNetwork::Accept(FlowMessage* message) {
  FlowAddress peer = message->from;
  Endpoint local = message->destination;
  Endpoint listening = message->listening;
  Endpoint remote = message->source;
  world_.Free(message);
  FlowAddress mine = NewAddress();
  auto& connection = connections_[mine.key];
  connection =
      std::make_unique<FlowConnection>(*this, mine, local, remote, nullptr);
  connection->Accept(peer, listening);
}

std::unique_ptr<TcpHandler> FlowNetwork::CallAcceptor(
    const Endpoint& listening, const Endpoint& remote) {
  auto found = acceptors_.find(listening);
  if (found == acceptors_.end()) return nullptr;
  // It may stop listening from within the call.
  std::shared_ptr<TcpAcceptor> acceptor = found->second;
  return (*acceptor)(remote);
}

FlowConnection* FlowNetwork::Find(uint64_t key) {
  auto found = connections_.find(key);
  return found == connections_.end() ? nullptr : found->second.get();
}

void FlowNetwork::SpawnPump(uint64_t key) {
  Spawn([this, key] {
    FlowConnection* connection = Find(key);
    if (connection != nullptr) connection->Pump();
  });
}

void FlowNetwork::SpawnEnd(uint64_t key) {
  Spawn([this, key] { End(key); });
}

void FlowNetwork::End(uint64_t key) {
  if (Find(key)->End()) connections_.erase(key);
}

void FlowNetwork::BeOutput() {
  if (std::exchange(is_output_, true)) return;
  world_.simulation().LeaveLater(*this);
}

void FlowNetwork::LeaveLater(FlowConnection& connection) {
  leaving_.PushBack(&connection);
  BeOutput();
}

void FlowNetwork::SendLater(FlowMessage* message) {
  sending_.PushBack(message);
  BeOutput();
}

void FlowNetwork::Leave() {
  while (FlowConnection* connection = leaving_.front()) connection->Leave();
  while (SimInterrupt* message = sending_.PopFront()) {
    world_.Send(*static_cast<FlowMessage*>(message), core_.now);
  }
  is_output_ = false;
}

absl::StatusOr<std::unique_ptr<UdpSocket>> FlowNetwork::OpenUdp(
    const Endpoint& local, UdpReceiver receiver) {
  uint64_t key = world_.NewKey();
  absl::StatusOr<Endpoint> bound =
      node_->udp_ports.Bind(local, {core_.id, key});
  if (!bound.ok()) return bound.status();
  auto socket = std::make_unique<FlowUdpSocket>(*this, key, *bound,
                                                std::move(receiver));
  sockets_[key] = socket.get();
  return socket;
}

void FlowNetwork::CloseUdp(uint64_t key, const Endpoint& local) {
  sockets_.erase(key);
  node_->udp_ports.Unbind(local, core_.id);
}

absl::Status FlowNetwork::SendDatagram(const Endpoint& from, const Endpoint& to,
                                       IOBufChain data) {
  if (data.length() > kDatagramBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("a datagram of ", data.length(), " bytes; at most ",
                     kDatagramBytesMax, " can be sent"));
  }
  uint32_t self = core_.node->number();
  std::optional<uint32_t> node =
      SimNodeOf(to.address, self, world_.simulation().node_count());
  if (!node.has_value()) return absl::OkStatus();
  FlowMessage* message = world_.NewMessage(Kind::kDatagram);
  message->from = {.node = self, .life = core_.life, .core = &core_};
  message->to = {.node = *node};
  message->source = {node == self ? to.address : SimAddressOf(self),
                     from.port};
  message->destination = to;
  message->data = std::move(data);
  SendLater(message);
  return absl::OkStatus();
}

}  // namespace ebbrt::platform
