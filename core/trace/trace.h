// Where the time goes: the cost of events by tag, what each core did last, and
// counters, all of which may be read while the node runs.
//
//   EXPECT_TRUE((co_await StartTrace()).ok());
//   ...
//   for (const TagCost& cost : ReadTrace().Total()) ...
//
// While it is off, an event pays one predictable branch for it; while it is
// on, one reading of the cycle counter and a few stores (core_trace.h).
//
// A check that fails on a core that traces, or a crash that the platform
// reports, says what the core did last.
//
// Cores: any core, from an event. Ownership: what is returned is a copy.
// Blocks: no. Allocates: StartTrace, once a core; the results.
// Bound: as CoreTrace.
// Errors: kResourceExhausted where there is no memory for the trace.
#ifndef EBBRT_CORE_TRACE_TRACE_H_
#define EBBRT_CORE_TRACE_TRACE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/async/future.h"
#include "core/base/types.h"
#include "core/event/event_loop.h"
#include "core/trace/core_trace.h"

namespace ebbrt {

// Switches tracing on, or off, on all cores. What was accounted before stays.
Future<void> StartTrace();
Future<void> StopTrace();

struct TraceSnapshot {
  uint64_t cycles_per_second = 0;
  // Of each core; empty for one that has never traced.
  std::vector<std::vector<TagCost>> cores;

  // Of all cores together, the most expensive first.
  std::vector<TagCost> Total() const;
  double NanosecondsOf(double cycles) const;
};

// What has been accounted so far, read where it stands: other cores go on.
TraceSnapshot ReadTrace();

// What core `core` did last, at most `count` records, oldest first.
std::vector<TraceRecord> ReadTraceRecords(
    CoreId core, size_t count = CoreTrace::kRecordsMax);

// The sums of the counters of all cores, by name. Each core reads its own, in
// an event.
using CounterValues = std::map<std::string, uint64_t, std::less<>>;
Future<CounterValues> ReadCounters();

// Says that the event that runs handles that many bytes (more), so that its
// cost can be told by size.
inline void TraceBytes(uint64_t bytes) {
  event_loop->AddBytes(bytes);
}

// Notes a moment, and a word about it, among what this core did last.
inline void TraceInstant(EventTag tag, uint64_t argument = 0) {
  if (CoreTrace* trace = event_loop->tracing()) trace->Instant(tag, argument);
}

}  // namespace ebbrt

#endif  // EBBRT_CORE_TRACE_TRACE_H_
