// The trace as JSON: figures for a report, and a time line for a viewer.
//
// Cores: any core, from an event. Blocks: no. Allocates: yes.
// Bound: the time line has CoreTrace::kRecordsMax records a core.
// Units: in the names; a time line's are microseconds.
// Source: "Trace Event Format", the Chromium project, which Perfetto reads.
#ifndef EBBRT_CORE_TRACE_TRACE_JSON_H_
#define EBBRT_CORE_TRACE_TRACE_JSON_H_

#include <nlohmann/json.hpp>

#include "core/trace/trace.h"

namespace ebbrt {

// A list with, for each tag, the most expensive first:
//   {"tag": "memcached.get", "count": n, "share": of all time of all cores,
//    "total_ns", "mean_ns", "max_ns"}, and where events said their bytes,
//   {"bytes": sum, "sized_count": of how many, "fixed_ns", "per_byte_ns"}: the
//   line through cost and size.
nlohmann::json TagCostsToJson(const TraceSnapshot& snapshot);

// What all cores did last, to be opened in a trace viewer (ui.perfetto.dev): a
// track a core, an entry for each event, piece of one, wait and instant.
nlohmann::json TimeLineToJson();

}  // namespace ebbrt

#endif  // EBBRT_CORE_TRACE_TRACE_JSON_H_
