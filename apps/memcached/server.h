// Server: one core's part of memcached, an Ebb.
//
// It accepts connections, keeps the core's clock, and lends its reply buffer to
// whichever of its connections is being served.
//
// Cores: each its own representative. Ownership: the state is shared by all
// cores; connections are the network's, and listed here.
// Blocks: no. Allocates: a connection each.
// Bound: Settings::connections_max, over all cores.
// Errors: a connection beyond the bound is refused.
#ifndef EBBRT_APPS_MEMCACHED_SERVER_H_
#define EBBRT_APPS_MEMCACHED_SERVER_H_

#include <memory>
#include <optional>

#include "apps/memcached/clock.h"
#include "apps/memcached/connection.h"
#include "apps/memcached/reply.h"
#include "apps/memcached/server_state.h"
#include "core/async/future.h"
#include "core/base/intrusive_queue.h"
#include "core/base/types.h"
#include "core/event/timer.h"
#include "core/net/network.h"

namespace ebbrt::memcached {

class Server {
 public:
  // `start` is second Clock::kStart, by the platform's clock.
  Server(std::shared_ptr<ServerState> state, Time start, Duration unix_start);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // A handler for a new connection; null if there are too many.
  std::unique_ptr<TcpHandler> Accept();

  // Aborts this core's connections; the future is there once they are gone.
  Future<void> Shutdown();

  // The rest is for this core's connections.
  RequestContext MakeContext() {
    return {*state_, statistics_, reply_, clock_};
  }
  Statistics& statistics() { return statistics_; }
  void Remove(Connection& connection);

 private:
  // Sets the clock, and the timer for its next second. An idle server, without
  // connections, does not tick.
  void Tick();

  const std::shared_ptr<ServerState> state_;
  Statistics& statistics_;
  const Time start_;
  Clock clock_;
  Timer ticker_;
  Reply reply_;
  IntrusiveList<Connection> connections_;
  std::optional<Promise<void>> shut_down_;
};

}  // namespace ebbrt::memcached

#endif  // EBBRT_APPS_MEMCACHED_SERVER_H_
