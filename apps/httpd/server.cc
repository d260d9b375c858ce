#include "apps/httpd/server.h"

#include <chrono>
#include <utility>

#include "platform/current.h"

namespace ebbrt::httpd {

void Statistics::Add(const Statistics& other) {
  connections += other.connections;
  connections_refused += other.connections_refused;
  connections_timed_out += other.connections_timed_out;
  responses += other.responses;
  errors_of_clients += other.errors_of_clients;
  errors_of_server += other.errors_of_server;
  bytes_received += other.bytes_received;
  bytes_sent += other.bytes_sent;
}

Server::Server(std::shared_ptr<SharedState> state)
    : state_(std::move(state)),
      responder_(state_->configuration),
      ticker_([this] { Tick(); }) {}

Server::~Server() {
  while (Connection* connection = connections_.PopFront()) {
    connection->Detach();
  }
}

void Server::Tick() {
  const Duration now = Platform::WallClock();
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  responder_.SetTime(second);
  ++ticks_;
  EndIdle();
  ticker_.SetAfter(second + kTick - now);
}

void Server::EndIdle() {
  const auto ticks_max = static_cast<uint64_t>(settings().idle_timeout / kTick);
  Connection* next = connections_.front();
  while (next != nullptr && ticks_ - next->progress_tick() > ticks_max) {
    Connection* idle = next;
    next = connections_.Next(idle);
    ++statistics_.connections_timed_out;
    // It goes behind all others, or away, by an event of its own.
    idle->OnTimeout();
  }
}

std::unique_ptr<TcpHandler> Server::Accept() {
  const uint32_t open =
      state_->connections.fetch_add(1, std::memory_order_relaxed);
  if (open >= settings().connections_max || shut_down_.has_value()) {
    state_->connections.fetch_sub(1, std::memory_order_relaxed);
    ++statistics_.connections_refused;
    return nullptr;
  }
  ++statistics_.connections;
  auto connection = std::make_unique<Connection>(*this, settings().limits);
  if (connections_.empty()) Tick();
  connection->set_progress_tick(ticks_);
  connections_.PushBack(connection.get());
  return connection;
}

void Server::NoteProgress(Connection& connection) {
  if (connection.progress_tick() == ticks_) return;
  connection.set_progress_tick(ticks_);
  connection.Unlink();
  connections_.PushBack(&connection);
}

void Server::Remove(Connection& connection) {
  connection.Unlink();
  state_->connections.fetch_sub(1, std::memory_order_relaxed);
  if (!connections_.empty()) return;
  ticker_.Cancel();
  if (shut_down_.has_value()) shut_down_->SetValue(statistics_);
}

Future<Statistics> Server::Shutdown() {
  Future<Statistics> done = shut_down_.emplace().GetFuture();
  if (connections_.empty()) {
    shut_down_->SetValue(statistics_);
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

}  // namespace ebbrt::httpd
