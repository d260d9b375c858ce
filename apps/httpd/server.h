// Server: one core's part of httpd, an Ebb.
//
// It accepts connections, has the core's responses, and once a second, while
// there are connections, sets the time that these tell and ends the connections
// that have made no progress for too long.
//
// Cores: each its own representative. Ownership: the configuration is shared by
// all cores; connections are the network's, and listed here.
// Blocks: no. Allocates: a connection each.
// Bound: Settings::connections_max, over all cores.
// Errors: a connection beyond the bound is refused.
#ifndef EBBRT_APPS_HTTPD_SERVER_H_
#define EBBRT_APPS_HTTPD_SERVER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "apps/httpd/connection.h"
#include "apps/httpd/http.h"
#include "apps/httpd/responder.h"
#include "apps/httpd/site.h"
#include "core/async/future.h"
#include "core/base/intrusive_queue.h"
#include "core/base/types.h"
#include "core/event/timer.h"
#include "core/net/network.h"

namespace ebbrt::httpd {

// What a core has done. Units: as named.
struct Statistics {
  uint64_t connections = 0;
  uint64_t connections_refused = 0;
  uint64_t connections_timed_out = 0;
  uint64_t responses = 0;
  uint64_t errors_of_clients = 0;  // 4xx
  uint64_t errors_of_server = 0;   // 5xx
  uint64_t bytes_received = 0;
  uint64_t bytes_sent = 0;

  void Count(Status status) {
    ++responses;
    const int kind = static_cast<int>(status) / 100;
    if (kind == 4) ++errors_of_clients;
    if (kind == 5) ++errors_of_server;
  }
  void Add(const Statistics& other);
};

// What all cores of one server share.
struct SharedState {
  explicit SharedState(std::shared_ptr<const Configuration> given)
      : configuration(std::move(given)) {}
  const std::shared_ptr<const Configuration> configuration;
  // Relaxed: a bound, and nothing hangs on it.
  std::atomic<uint32_t> connections{0};
};

class Server {
 public:
  explicit Server(std::shared_ptr<SharedState> state);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // A handler for a new connection; null if there are too many.
  std::unique_ptr<TcpHandler> Accept();

  // Aborts this core's connections; what the core has done is there once they
  // are gone.
  Future<Statistics> Shutdown();

  // The rest is for this core's connections.
  Responder& responder() { return responder_; }
  Statistics& statistics() { return statistics_; }
  void NoteProgress(Connection& connection);
  void Remove(Connection& connection);

 private:
  static constexpr Duration kTick = std::chrono::seconds(1);

  // Sets the time, and the timer for the next second.
  void Tick();
  void EndIdle();
  const Settings& settings() const { return state_->configuration->settings; }

  const std::shared_ptr<SharedState> state_;
  Responder responder_;
  Statistics statistics_;
  Timer ticker_;
  uint64_t ticks_ = 0;
  // By their progress, the longest ago first.
  IntrusiveList<Connection> connections_;
  std::optional<Promise<Statistics>> shut_down_;
};

}  // namespace ebbrt::httpd

#endif  // EBBRT_APPS_HTTPD_SERVER_H_
