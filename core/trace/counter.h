// Counters: named numbers that an Ebb keeps, to be read while it runs.
//
//   class Cache {                      // One a core.
//     Counter hits_{"cache.hits"};
//     ... hits_.Add();
//   };
//   ... co_await ReadCounters()        // core/trace/trace.h: sums by name.
//
// Cores: made, counted and destroyed on one core (destroyed on any, once the
// loops have ended); its value may be read by any. One made off a core, as in
// a test, counts but is not found by ReadCounters.
// Ownership: a member of what counts. Blocks, allocates: never.
// Bound: whoever makes them. Units: the name's.
#ifndef EBBRT_CORE_TRACE_COUNTER_H_
#define EBBRT_CORE_TRACE_COUNTER_H_

#include <cstdint>
#include <string_view>

#include "core/base/intrusive_queue.h"
#include "core/ebb/ebb_id.h"
#include "core/ebb/ebb_ref.h"
#include "core/trace/single_writer.h"
#include "platform/current.h"

namespace ebbrt {

class Counter : public ListLink {
 public:
  // REQUIRES: `name` outlives the counter (a literal does).
  explicit Counter(std::string_view name);
  ~Counter() {
    if (linked()) Unlink();
  }

  void Add(uint64_t more = 1) { value_.Add(more); }
  uint64_t value() const { return value_.value(); }
  std::string_view name() const { return name_; }

 private:
  const std::string_view name_;
  SingleWriter<uint64_t> value_;
};

// The counters of one core: an Ebb, which the node makes first and lets go
// last.
struct CoreCounters {
  IntrusiveList<Counter> counters;
};
inline constexpr EbbRef<CoreCounters> core_counters{kCoreCountersId};

inline Counter::Counter(std::string_view name) : name_(name) {
  if (Platform::OnCore()) core_counters->counters.PushBack(this);
}

}  // namespace ebbrt

#endif  // EBBRT_CORE_TRACE_COUNTER_H_
