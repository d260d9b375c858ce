// What is left of a connection whose end came from us: enough to answer what
// still arrives, for twice a segment's lifetime.
//
// Cores: one. Ownership: owns its entries, which stand in the flow table.
// Blocks: never. Allocates: entries, from a pool.
// Bound: entries_max; beyond it the oldest gives way.
// Errors: where memory is refused there is none: the flow is free at once.
// Source: RFC 9293 sections 3.3.2, 3.6.1; RFC 6191; RFC 1337 (RST ignored).
#ifndef EBBRT_CORE_NET_TCP_TIME_WAIT_H_
#define EBBRT_CORE_NET_TCP_TIME_WAIT_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/base/intrusive_queue.h"
#include "core/base/types.h"
#include "core/net/tcp/flow_table.h"
#include "core/net/tcp/pool.h"
#include "core/net/tcp/sequence.h"
#include "core/net/tcp/timestamp_clock.h"
#include "core/net/wire/tcp_header.h"

namespace ebbrt::tcp {

struct TimeWait : Flow, ListLink {
  explicit TimeWait(const FlowKey& key) : Flow(Kind::kTimeWait, key) {}

  // Whether a SYN may begin another connection: it is newer than all of this.
  bool AllowsReuse(const TcpHeader& syn) const;

  Sequence send_next;
  Sequence receive_next;
  uint16_t window = 0;  // As it was advertised last.
  std::optional<uint32_t> timestamp_recent;
  TimestampClock clock;
  Time expires{};
};

class TimeWaitTable {
 public:
  TimeWaitTable(FlowTable& flows, size_t entries_max)
      : flows_(flows), pool_(kKeptMax), entries_max_(entries_max) {}
  ~TimeWaitTable();
  TimeWaitTable(const TimeWaitTable&) = delete;
  TimeWaitTable& operator=(const TimeWaitTable&) = delete;

  // An entry for the caller to fill, until `expires`, which is no earlier than
  // that of any before; null where memory is refused.
  // REQUIRES: no flow of that key.
  TimeWait* Add(const FlowKey& key, Time expires);
  // It begins anew: until `expires`.
  void Restart(TimeWait& entry, Time expires);
  void Remove(TimeWait& entry);

  size_t size() const { return size_; }
  Time next_deadline() {
    return entries_.empty() ? kTimeNever : entries_.front()->expires;
  }
  void Expire(Time now);

 private:
  static constexpr size_t kKeptMax = 256;

  FlowTable& flows_;
  Pool<TimeWait> pool_;
  IntrusiveList<TimeWait> entries_;  // The first to expire first.
  const size_t entries_max_;
  size_t size_ = 0;
};

}  // namespace ebbrt::tcp

#endif  // EBBRT_CORE_NET_TCP_TIME_WAIT_H_
