#include "apps/iperf/server.h"

#include <algorithm>
#include <utility>

#include "core/buf/iobuf.h"
#include "platform/current.h"

namespace ebbrt::iperf {

void Received::Add(const Received& other) {
  bytes += other.bytes;
  connections += other.connections;
  connections_failed += other.connections_failed;
  first = std::min(first, other.first);
  last = std::max(last, other.last);
}

// One client.
class Server::Connection final : public TcpHandler, public ListLink {
 public:
  explicit Connection(Server& server) : server_(&server) {}
  ~Connection() override {
    if (server_ != nullptr) server_->Remove(*this);
  }

  void OnConnected(TcpConnection& connection) override {
    connection_ = &connection;
  }
  void OnReceive(IOBufChain data) override;
  void OnSendReady() override { connection_->Send(unsent_); }
  void OnPeerClosed() override { connection_->Close(); }
  void OnClosed(const absl::Status& status) override {
    connection_ = nullptr;
    if (server_ != nullptr && !status.ok()) {
      ++server_->received_.connections_failed;
    }
  }

  void Abort() {
    if (connection_ != nullptr) connection_->Abort();
  }
  // The server is gone before the connection.
  void Detach() { server_ = nullptr; }

 private:
  void ReadHeader(const IOBufChain& data);

  Server* server_;
  TcpConnection* connection_ = nullptr;
  ClientHeader header_;
  IOBufChain unsent_;
};

void Server::Connection::OnReceive(IOBufChain data) {
  if (server_ == nullptr) return;
  Received& received = server_->received_;
  received.bytes += data.length();
  const Time now = Platform::Now();
  received.first = std::min(received.first, now);
  received.last = now;
  if (header_.kind() == ClientHeader::Kind::kUnknown) ReadHeader(data);
}

void Server::Connection::ReadHeader(const IOBufChain& data) {
  for (const IOBuf& buffer : data) header_.Take(buffer.bytes());
  if (header_.kind() == ClientHeader::Kind::kAcknowledged) {
    unsent_.PushBack(IOBuf::Static(kAcknowledgement));
    connection_->Send(unsent_);
  } else if (header_.kind() == ClientHeader::Kind::kUnsupported) {
    Platform::WriteConsole(
        "a client wants a test in which the server sends, which this one does "
        "not\n");
    connection_->Abort();
  }
}

Server::~Server() {
  while (Connection* connection = connections_.PopFront()) {
    connection->Detach();
  }
}

std::unique_ptr<TcpHandler> Server::Accept() {
  const uint32_t open =
      state_->connections.fetch_add(1, std::memory_order_relaxed);
  if (open >= state_->connections_max || shut_down_.has_value()) {
    state_->connections.fetch_sub(1, std::memory_order_relaxed);
    return nullptr;
  }
  ++received_.connections;
  auto connection = std::make_unique<Connection>(*this);
  connections_.PushBack(connection.get());
  return connection;
}

void Server::Remove(Connection& connection) {
  connection.Unlink();
  state_->connections.fetch_sub(1, std::memory_order_relaxed);
  if (connections_.empty() && shut_down_.has_value()) {
    shut_down_->SetValue(received_);
  }
}

Future<Received> Server::Shutdown() {
  Future<Received> done = shut_down_.emplace().GetFuture();
  if (connections_.empty()) {
    shut_down_->SetValue(received_);
    return done;
  }
  Connection* next = connections_.front();
  while (next != nullptr) {
    // OnClosed comes from an event of its own, so the list is the same.
    next->Abort();
    next = connections_.Next(next);
  }
  return done;
}

}  // namespace ebbrt::iperf
