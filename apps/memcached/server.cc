#include "apps/memcached/server.h"

#include <chrono>
#include <utility>

#include "platform/current.h"

namespace ebbrt::memcached {

using std::chrono::seconds;

Server::Server(std::shared_ptr<ServerState> state, Time start,
               Duration unix_start)
    : state_(std::move(state)),
      statistics_(state_->statistics[Platform::CurrentCore().index()]),
      start_(start),
      ticker_([this] { Tick(); }) {
  clock_.unix_origin =
      std::chrono::duration_cast<seconds>(unix_start).count() - Clock::kStart;
}

Server::~Server() {
  while (Connection* connection = connections_.PopFront()) {
    connection->Detach();
  }
}

void Server::Tick() {
  Duration passed = Platform::Now() - start_;
  auto whole = std::chrono::duration_cast<seconds>(passed);
  clock_.now = Clock::kStart + static_cast<uint32_t>(whole.count());
  state_->store.Tick(clock_.now);
  if (!connections_.empty()) ticker_.Set(start_ + whole + seconds(1));
}

std::unique_ptr<TcpHandler> Server::Accept() {
  uint32_t open = state_->connections.fetch_add(1, std::memory_order_relaxed);
  if (open >= state_->settings.connections_max || shut_down_.has_value()) {
    state_->connections.fetch_sub(1, std::memory_order_relaxed);
    statistics_.Add(Counter::kConnectionsRejected);
    return nullptr;
  }
  statistics_.Add(Counter::kConnectionsOpened);
  auto connection = std::make_unique<Connection>(*this);
  bool first = connections_.empty();
  connections_.PushBack(connection.get());
  if (first) Tick();
  return connection;
}

void Server::Remove(Connection& connection) {
  connection.Unlink();
  state_->connections.fetch_sub(1, std::memory_order_relaxed);
  statistics_.Add(Counter::kConnectionsClosed);
  if (!connections_.empty()) return;
  ticker_.Cancel();
  if (shut_down_.has_value()) shut_down_->SetValue();
}

Future<void> Server::Shutdown() {
  Future<void> done = shut_down_.emplace().GetFuture();
  if (connections_.empty()) {
    shut_down_->SetValue();
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

}  // namespace ebbrt::memcached
