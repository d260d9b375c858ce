// What all cores of one server share, and what a request needs to be served.
//
// Cores: ServerState is shared, its parts see to themselves; a RequestContext
// belongs to one core and one event.
// Ownership: the server's Ebb (server.h). Blocks, allocates: no.
#ifndef EBBRT_APPS_MEMCACHED_SERVER_STATE_H_
#define EBBRT_APPS_MEMCACHED_SERVER_STATE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "apps/memcached/clock.h"
#include "apps/memcached/reply.h"
#include "apps/memcached/statistics.h"
#include "apps/memcached/store.h"
#include "core/base/spin_lock.h"
#include "core/base/types.h"

namespace ebbrt::memcached {

// Reported to clients, some of which parse it: the memcached whose protocol
// this is, and who speaks it.
inline constexpr std::string_view kVersion = "1.6.18-ebbrt";

struct Settings {
  std::string address = "0.0.0.0";
  uint16_t port = 11211;
  size_t memory_bytes = 64 * kMiB;
  size_t item_bytes_max = 1 * kMiB;
  uint32_t connections_max = 1024;
  uint32_t core_count = 1;
  size_t buckets = size_t{1} << 14;  // Of the hash table, to begin with.
};

struct ServerState {
  explicit ServerState(const Settings& settings_in)
      : settings(settings_in),
        store({.memory_bytes = settings.memory_bytes,
               .core_count = settings.core_count,
               .buckets = settings.buckets}),
        statistics(settings.core_count) {}

  const Settings settings;
  Store store;
  std::vector<Statistics> statistics;  // By core.
  std::atomic<uint32_t> connections{0};
  std::atomic<uint32_t> verbosity{0};

  // What `stats reset` takes off the counters.
  SpinLock reset_lock;
  CounterValues reset_values{};
};

// Serves the requests of one batch.
struct RequestContext {
  ServerState& server;
  Statistics& statistics;  // The core's.
  Reply& reply;            // The batch's.
  const Clock clock;

  Store& store() const { return server.store; }
  uint32_t now() const { return clock.now; }
};

}  // namespace ebbrt::memcached

#endif  // EBBRT_APPS_MEMCACHED_SERVER_STATE_H_
