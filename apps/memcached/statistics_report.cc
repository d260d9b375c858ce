#include "apps/memcached/statistics_report.h"

#include <cstdint>
#include <mutex>

namespace ebbrt::memcached {
namespace {

class Rows {
 public:
  void Add(std::string_view name, uint64_t value) {
    rows_.emplace_back(name, std::to_string(value));
  }
  void Add(std::string_view name, std::string_view value) {
    rows_.emplace_back(name, value);
  }
  StatisticsRows Take() { return std::move(rows_); }

 private:
  StatisticsRows rows_;
};

CounterValues Sum(const ServerState& server) {
  CounterValues sum{};
  for (const Statistics& one : server.statistics) one.AddTo(sum);
  return sum;
}

// The counters that `stats reset` leaves alone: what is the case, not what has
// happened, depends on them.
bool IsKept(size_t counter) {
  return counter == static_cast<size_t>(Counter::kConnectionsOpened) ||
         counter == static_cast<size_t>(Counter::kConnectionsClosed);
}

void Reset(ServerState& server) {
  CounterValues sum = Sum(server);
  std::scoped_lock guard(server.reset_lock);
  for (size_t i = 0; i < kCounters; ++i) {
    if (!IsKept(i)) server.reset_values[i] = sum[i];
  }
}

CounterValues SinceReset(ServerState& server) {
  CounterValues sum = Sum(server);
  std::scoped_lock guard(server.reset_lock);
  for (size_t i = 0; i < kCounters; ++i) sum[i] -= server.reset_values[i];
  return sum;
}

struct CounterName {
  std::string_view name;
  Counter counter;
};

constexpr CounterName kCounterNames[] = {
    {"cmd_set", Counter::kSets},
    {"cmd_flush", Counter::kFlushes},
    {"cmd_meta", Counter::kMetaDebugs},
    {"get_hits", Counter::kGetHits},
    {"get_misses", Counter::kGetMisses},
    {"delete_misses", Counter::kDeleteMisses},
    {"delete_hits", Counter::kDeleteHits},
    {"incr_misses", Counter::kIncrementMisses},
    {"incr_hits", Counter::kIncrementHits},
    {"decr_misses", Counter::kDecrementMisses},
    {"decr_hits", Counter::kDecrementHits},
    {"cas_misses", Counter::kCasMisses},
    {"cas_hits", Counter::kCasHits},
    {"cas_badval", Counter::kCasMismatches},
    {"touch_hits", Counter::kTouchHits},
    {"touch_misses", Counter::kTouchMisses},
    {"store_too_large", Counter::kTooLarge},
    {"store_no_memory", Counter::kNoMemory},
    {"bytes_read", Counter::kBytesRead},
    {"bytes_written", Counter::kBytesWritten},
    {"total_connections", Counter::kConnectionsOpened},
    {"rejected_connections", Counter::kConnectionsRejected},
};

StatisticsRows General(RequestContext& context) {
  ServerState& server = context.server;
  CounterValues counters = SinceReset(server);
  auto of = [&counters](Counter counter) {
    return counters[static_cast<size_t>(counter)];
  };
  Store::Figures figures = server.store.figures();
  Rows rows;
  rows.Add("uptime", context.now() - Clock::kStart);
  rows.Add("time", static_cast<uint64_t>(context.clock.unix_origin) +
                       context.now());
  rows.Add("version", kVersion);
  rows.Add("pointer_size", 8 * sizeof(void*));
  rows.Add("max_connections", server.settings.connections_max);
  rows.Add("curr_connections",
           server.connections.load(std::memory_order_relaxed));
  rows.Add("threads", server.settings.core_count);
  rows.Add("cmd_get", of(Counter::kGetHits) + of(Counter::kGetMisses));
  rows.Add("cmd_touch", of(Counter::kTouchHits) + of(Counter::kTouchMisses));
  for (const CounterName& entry : kCounterNames) {
    rows.Add(entry.name, of(entry.counter));
  }
  rows.Add("get_expired", figures.get_expired);
  rows.Add("get_flushed", figures.get_flushed);
  rows.Add("limit_maxbytes", server.settings.memory_bytes);
  rows.Add("accepting_conns", 1);
  rows.Add("hash_bytes", figures.table_bytes);
  rows.Add("hash_is_expanding", figures.table_growing ? 1 : 0);
  rows.Add("bytes", figures.bytes);
  rows.Add("allocated_bytes", server.store.memory().allocated_bytes());
  rows.Add("curr_items", figures.items);
  rows.Add("total_items", figures.total_items);
  rows.Add("expired_unfetched", figures.expired_unfetched);
  rows.Add("evicted_unfetched", figures.evicted_unfetched);
  rows.Add("evictions", figures.evictions);
  rows.Add("reclaimed", figures.reclaimed);
  return rows.Take();
}

StatisticsRows SettingsRows(const ServerState& server) {
  const Settings& settings = server.settings;
  Rows rows;
  rows.Add("maxbytes", settings.memory_bytes);
  rows.Add("maxconns", settings.connections_max);
  rows.Add("tcpport", settings.port);
  rows.Add("udpport", 0);
  rows.Add("inter", settings.address);
  rows.Add("verbosity", server.verbosity.load(std::memory_order_relaxed));
  rows.Add("evictions", "on");
  rows.Add("num_threads", settings.core_count);
  rows.Add("cas_enabled", "yes");
  rows.Add("binding_protocol", "auto-negotiate");
  rows.Add("auth_enabled_sasl", "no");
  rows.Add("item_size_max", settings.item_bytes_max);
  rows.Add("flush_enabled", "yes");
  rows.Add("detail_enabled", "no");
  return rows.Take();
}

// There are no slab classes: what is told of them is told of one.
StatisticsRows ItemsRows(ServerState& server) {
  Store::Figures figures = server.store.figures();
  Rows rows;
  if (figures.items == 0) return rows.Take();
  rows.Add("items:1:number", figures.items);
  rows.Add("items:1:mem_requested", figures.bytes);
  rows.Add("items:1:evicted", figures.evictions);
  rows.Add("items:1:evicted_unfetched", figures.evicted_unfetched);
  rows.Add("items:1:reclaimed", figures.reclaimed);
  rows.Add("items:1:expired_unfetched", figures.expired_unfetched);
  return rows.Take();
}

StatisticsRows SlabsRows(ServerState& server) {
  Rows rows;
  rows.Add("active_slabs", 0);
  rows.Add("total_malloced", server.store.memory().allocated_bytes());
  return rows.Take();
}

}  // namespace

std::optional<StatisticsRows> ReportStatistics(RequestContext& context,
                                               std::string_view group) {
  if (group.empty()) return General(context);
  if (group == "settings") return SettingsRows(context.server);
  if (group == "items") return ItemsRows(context.server);
  if (group == "slabs") return SlabsRows(context.server);
  if (group == "reset") {
    Reset(context.server);
    return StatisticsRows();
  }
  return std::nullopt;
}

}  // namespace ebbrt::memcached
