// What the connections of a core share, and what they ask of each other's
// keeper: tables, pools, timers, lists of what is to be done.
//
// Internal to core/net/tcp: others use host.h.
//
// Cores: one. Ownership: the Host's; owns the connections. Blocks: never.
// Allocates: connections; pools as they grow.
// Bound: core/net/tcp/options.h. Units: Time.
#ifndef EBBRT_CORE_NET_TCP_ENGINE_H_
#define EBBRT_CORE_NET_TCP_ENGINE_H_

#include <cstddef>
#include <cstdint>

#include "core/base/intrusive_queue.h"
#include "core/base/types.h"
#include "core/net/tcp/deadline_heap.h"
#include "core/net/tcp/flow_table.h"
#include "core/net/tcp/hash.h"
#include "core/net/tcp/listeners.h"
#include "core/net/tcp/options.h"
#include "core/net/tcp/output.h"
#include "core/net/tcp/pool.h"
#include "core/net/tcp/receive_queue.h"
#include "core/net/tcp/send_queue.h"
#include "core/net/tcp/sequence.h"
#include "core/net/tcp/time_wait.h"
#include "core/net/tcp/timestamp_clock.h"

namespace ebbrt::tcp {

class Connection;

// Since the Host was made.
struct Counters {
  uint64_t segments_received = 0;
  uint64_t segments_sent = 0;
  uint64_t segments_retransmitted = 0;
  uint64_t tail_probes = 0;
  uint64_t timeouts = 0;
  uint64_t window_probes = 0;
  uint64_t keep_alives_sent = 0;
  uint64_t keep_alives_failed = 0;  // Connections whose peer was gone.
  uint64_t opened_active = 0;   // Connections that were established.
  uint64_t opened_passive = 0;
  uint64_t cookies_sent = 0;
  uint64_t cookies_accepted = 0;
  uint64_t resets_sent = 0;
  uint64_t resets_received = 0;
  uint64_t peers_closed = 0;        // FINs of peers.
  uint64_t given_up = 0;            // Connections without an answer.
  uint64_t addresses_lost = 0;      // Connections whose address went away.
  uint64_t half_open_dropped = 0;   // Handshakes that no peer completed.
  uint64_t challenges_sent = 0;
  uint64_t challenges_withheld = 0;
  uint64_t dropped_unacceptable = 0;  // Outside of the window, or too old.
  uint64_t dropped_no_room = 0;       // No place or memory for a connection.
};

// A connection is in up to three lists of its engine.
struct AllLink : ListLink {};
struct BurstLink : ListLink {};
struct DeferredLink : ListLink {};

class Engine {
 public:
  Engine(const Options& options, Output& output, const HashKey& secret);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // In the flow table; null where there is no room, or no memory.
  // REQUIRES: no flow of that key.
  Connection* MakeConnection(const FlowKey& key);
  // The connection's flow is free, and nothing will be due.
  void Detach(Connection& connection);
  // REQUIRES: detached.
  void Destroy(Connection& connection);

  // RunDeferred is to come to this connection, once.
  void Defer(Connection& connection);
  // OnBurstEnd is to.
  void AwaitBurstEnd(Connection& connection);
  // OnTimer is to, at `deadline` or before; a connection that has nothing to do
  // then says anew.
  void SetTimer(Connection& connection, Time deadline);
  // Has Output know the earliest deadline.
  void AnnounceDeadline();
  Time NextDeadline();

  // Of a connection that begins now (RFC 6528), and its timestamps' clock.
  Sequence InitialSequence(const FlowKey& key, Time now) const;
  TimestampClock ClockOf(const FlowKey& key) const;

  const Options options;
  Output& output;
  const HashKey secret;
  Counters counters;
  FlowTable flows;
  TimeWaitTable time_wait;
  DeadlineHeap timers;
  Listeners listeners;
  Pool<SentSegment> sent_segments;
  Pool<ReceivedBlock> received_blocks;
  HeldBuffers held_buffers;
  IntrusiveList<AllLink> all;
  IntrusiveList<BurstLink> burst;
  IntrusiveList<DeferredLink> deferred;
  size_t connection_count = 0;
  size_t half_open_count = 0;
  Time announced = kTimeNever;
};

}  // namespace ebbrt::tcp

#endif  // EBBRT_CORE_NET_TCP_ENGINE_H_
