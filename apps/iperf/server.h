// Server: one core's part of an iperf server, an Ebb, which reads all that its
// clients send and says how much that was.
//
// Cores: each its own representative. Ownership: connections are the network's,
// and listed here. Blocks: no. Allocates: a connection each.
// Bound: Options::connections_max, over all cores.
// Errors: a connection beyond the bound is refused; a client that wants what is
// not served is aborted, and counted.
#ifndef EBBRT_APPS_IPERF_SERVER_H_
#define EBBRT_APPS_IPERF_SERVER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "apps/iperf/client_header.h"
#include "core/async/future.h"
#include "core/base/intrusive_queue.h"
#include "core/base/types.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/network.h"

namespace ebbrt::iperf {

// What a core has received.
struct Received {
  uint64_t bytes = 0;
  uint64_t connections = 0;
  uint64_t connections_failed = 0;  // Lost, or not served.
  Time first = Time::max();         // When the first bytes came, and the last.
  Time last = Time::min();

  void Add(const Received& other);
};

// What all cores of one server share.
struct SharedState {
  explicit SharedState(uint32_t connections_max_in)
      : connections_max(connections_max_in) {}
  const uint32_t connections_max;
  // Relaxed: a bound, and nothing hangs on it.
  std::atomic<uint32_t> connections{0};
};

class Server {
 public:
  explicit Server(std::shared_ptr<SharedState> state)
      : state_(std::move(state)) {}
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // A handler for a new connection; null if there are too many.
  std::unique_ptr<TcpHandler> Accept();

  // Aborts this core's connections; what the core has received is there once
  // they are gone.
  Future<Received> Shutdown();

 private:
  class Connection;

  void Remove(Connection& connection);

  const std::shared_ptr<SharedState> state_;
  IntrusiveList<Connection> connections_;
  Received received_;
  std::optional<Promise<Received>> shut_down_;
};

}  // namespace ebbrt::iperf

#endif  // EBBRT_APPS_IPERF_SERVER_H_
