#include "core/net/tcp/engine.h"

#include <algorithm>
#include <chrono>
#include <new>

#include "core/base/check.h"
#include "core/net/tcp/connection.h"

namespace ebbrt::tcp {
namespace {

// What pools keep: as much as a few busy connections use.
constexpr size_t kSegmentsKept = 1024;
constexpr size_t kBlocksKept = 256;

// The clock of initial sequence numbers: RFC 9293 section 3.4.1.
constexpr Duration kSequenceTick = std::chrono::microseconds(4);

}  // namespace

Engine::Engine(const Options& options, Output& output, const HashKey& secret)
    : options(options),
      output(output),
      secret(secret),
      flows(secret),
      time_wait(flows, options.time_wait_max),
      sent_segments(kSegmentsKept),
      received_blocks(kBlocksKept),
      held_buffers{.held = 0,
                   .held_max = options.held_buffers_max,
                   .connection_max = options.held_buffers_connection_max} {}

Engine::~Engine() {
  while (!all.empty()) {
    Connection& connection = *static_cast<Connection*>(all.front());
    Detach(connection);
    Destroy(connection);
  }
}

Connection* Engine::MakeConnection(const FlowKey& key) {
  if (connection_count >= options.connections_max ||
      !timers.Reserve(connection_count + 1)) {
    ++counters.dropped_no_room;
    return nullptr;
  }
  Connection* connection = new (std::nothrow) Connection(*this, key);
  if (connection == nullptr) {
    ++counters.dropped_no_room;
    return nullptr;
  }
  flows.Insert(*connection);
  all.PushBack(connection);
  ++connection_count;
  return connection;
}

void Engine::Detach(Connection& connection) {
  if (connection.in_table) flows.Remove(connection);
  timers.Remove(connection);
  BurstLink& link = connection;
  if (link.linked()) link.Unlink();
}

void Engine::Destroy(Connection& connection) {
  EBBRT_CHECK(!connection.in_table);
  DeferredLink& deferred_link = connection;
  if (deferred_link.linked()) deferred_link.Unlink();
  AllLink& all_link = connection;
  all_link.Unlink();
  --connection_count;
  delete &connection;
}

void Engine::Defer(Connection& connection) {
  DeferredLink& link = connection;
  if (link.linked()) return;
  deferred.PushBack(&connection);
  output.Defer();
}

void Engine::AwaitBurstEnd(Connection& connection) {
  BurstLink& link = connection;
  if (!link.linked()) burst.PushBack(&connection);
}

void Engine::SetTimer(Connection& connection, Time deadline) {
  timers.Set(connection, deadline);
  if (deadline < announced) AnnounceDeadline();
}

void Engine::AnnounceDeadline() {
  const Time next = NextDeadline();
  if (next >= announced) return;
  announced = next;
  output.SetTimer(next);
}

Time Engine::NextDeadline() {
  return std::min(timers.next_deadline(), time_wait.next_deadline());
}

Sequence Engine::InitialSequence(const FlowKey& key, Time now) const {
  const int64_t ticks = now.time_since_epoch() / kSequenceTick;
  return Sequence(static_cast<uint32_t>(ticks) +
                  static_cast<uint32_t>(HashFlow(
                      secret, HashPurpose::kInitialSequence, key)));
}

TimestampClock Engine::ClockOf(const FlowKey& key) const {
  return {static_cast<uint32_t>(
      HashFlow(secret, HashPurpose::kTimestampOffset, key))};
}

}  // namespace ebbrt::tcp
