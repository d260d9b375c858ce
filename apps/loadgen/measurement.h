// What one run of requests has shown: counts and latencies.
//
// Cores: one at a time; each core has its own and they are added up at the end.
// Ownership: its histograms. Blocks: no. Allocates: the histograms.
// Units: nanoseconds, bytes. Errors: none.
#ifndef EBBRT_APPS_LOADGEN_MEASUREMENT_H_
#define EBBRT_APPS_LOADGEN_MEASUREMENT_H_

#include <cstdint>

#include <nlohmann/json.hpp>

#include "apps/loadgen/latency_histogram.h"
#include "core/base/types.h"

namespace ebbrt::loadgen {

// Counts are of the requests that started within the measured window, unless
// they say otherwise.
struct Measurement {
  // Of the requests that were served, and of those that had to be given up:
  // these count as if they had been answered when they were given up, so that
  // a server that does not answer does not look fast.
  LatencyHistogram gets;
  LatencyHistogram sets;

  uint64_t started = 0;
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t stored = 0;
  // Served requests whose reply came within the window: the throughput.
  uint64_t completed_in_window = 0;

  // Errors, each of another kind.
  uint64_t refused = 0;       // The server said so.
  uint64_t wrong_values = 0;  // A value that was never set for its key.
  uint64_t lost = 0;          // The connection went before the reply.
  uint64_t unanswered = 0;    // No reply even some time after the window.
  uint64_t unsent = 0;        // Too many others were waiting to be sent.
  uint64_t errors() const {
    return refused + wrong_values + lost + unanswered + unsent;
  }

  // Within the window.
  uint64_t bytes_received = 0;
  uint64_t bytes_sent = 0;
  uint64_t connections_lost = 0;

  void Add(const Measurement& other);

  // Of gets and sets together.
  LatencyHistogram all() const;
  double ThroughputRps(Duration window) const;
  // As an application reports it.
  nlohmann::json ToJson(Duration window) const;
};

}  // namespace ebbrt::loadgen

#endif  // EBBRT_APPS_LOADGEN_MEASUREMENT_H_
