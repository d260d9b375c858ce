#include "core/trace/trace_json.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/trace/event_tag.h"
#include "platform/current.h"

namespace ebbrt {
namespace {

using nlohmann::json;

std::string NameOf(EventTag tag) {
  std::string_view name = EventTagName(tag);
  if (!name.empty()) return std::string(name);
  char text[2 + 8 + 1];
  std::snprintf(text, sizeof(text), "0x%08x", tag);
  return text;
}

json CostToJson(const TraceSnapshot& snapshot, const TagCost& cost,
                uint64_t all_cycles) {
  double total_ns = snapshot.NanosecondsOf(static_cast<double>(cost.cycles));
  json entry = {
      {"tag", NameOf(cost.tag)},
      {"count", cost.count},
      {"share", static_cast<double>(cost.cycles) /
                    static_cast<double>(std::max<uint64_t>(all_cycles, 1))},
      {"total_ns", total_ns},
      {"mean_ns", total_ns / static_cast<double>(std::max<uint64_t>(
                                 cost.count, 1))},
      {"max_ns", snapshot.NanosecondsOf(static_cast<double>(cost.cycles_max))},
  };
  if (cost.sized_count != 0) {
    CostLine line = CostLineOf(cost);
    entry["bytes"] = cost.bytes;
    entry["sized_count"] = cost.sized_count;
    entry["fixed_ns"] = snapshot.NanosecondsOf(line.cycles_fixed);
    entry["per_byte_ns"] = snapshot.NanosecondsOf(line.cycles_per_byte);
  }
  return entry;
}

// An entry of the time line; `begin` is where its time starts.
json RecordToJson(const TraceRecord& record, uint32_t core, uint64_t begin,
                  double microseconds_per_cycle) {
  auto microseconds = [=](uint64_t cycles) {
    return static_cast<double>(cycles) * microseconds_per_cycle;
  };
  json entry = {{"name", NameOf(record.tag)},
                {"pid", 0},
                {"tid", core},
                {"ts", microseconds(record.cycles_begin - begin)},
                {"args", {{"argument", record.argument}}}};
  switch (record.kind) {
    case TraceKind::kInstant:
      entry["ph"] = "i";
      entry["s"] = "t";
      return entry;
    case TraceKind::kEvent:
      entry["cat"] = "event";
      break;
    case TraceKind::kPiece:
      entry["cat"] = "blocked";
      break;
    case TraceKind::kWait:
      entry["cat"] = "wait";
      break;
  }
  entry["ph"] = "X";
  entry["dur"] = microseconds(record.cycles_end - record.cycles_begin);
  return entry;
}

}  // namespace

json TagCostsToJson(const TraceSnapshot& snapshot) {
  std::vector<TagCost> total = snapshot.Total();
  uint64_t all_cycles = 0;
  for (const TagCost& cost : total) all_cycles += cost.cycles;
  json list = json::array();
  for (const TagCost& cost : total) {
    list.push_back(CostToJson(snapshot, cost, all_cycles));
  }
  return list;
}

json TimeLineToJson() {
  std::vector<std::vector<TraceRecord>> cores;
  uint64_t begin = std::numeric_limits<uint64_t>::max();
  for (uint32_t i = 0; i < Platform::CoreCount(); ++i) {
    cores.push_back(ReadTraceRecords(CoreId(i)));
    for (const TraceRecord& record : cores.back()) {
      begin = std::min(begin, record.cycles_begin);
    }
  }
  double microseconds_per_cycle =
      1e6 / static_cast<double>(Platform::CyclesPerSecond());
  json events = json::array();
  for (uint32_t i = 0; i < cores.size(); ++i) {
    events.push_back({{"name", "thread_name"},
                      {"ph", "M"},
                      {"pid", 0},
                      {"tid", i},
                      {"args", {{"name", "core " + std::to_string(i)}}}});
    for (const TraceRecord& record : cores[i]) {
      events.push_back(RecordToJson(record, i, begin, microseconds_per_cycle));
    }
  }
  return {{"traceEvents", std::move(events)}, {"displayTimeUnit", "ns"}};
}

}  // namespace ebbrt
