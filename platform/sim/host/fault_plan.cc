#include "platform/sim/host/fault_plan.h"

#include <array>
#include <string_view>
#include <utility>

namespace ebbrt::platform {
namespace {

using Kind = PlannedFault::Kind;

constexpr ParameterReader::NumberRange kProbability = {.min = 0, .max = 1};

Duration Seconds(double seconds) {
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(seconds));
}

Duration ReadSeconds(ParameterReader& reader, std::string_view key,
                     double otherwise) {
  constexpr double kSecondsMax = 1e6;
  return Seconds(reader.Number(key, otherwise,
                               {.max = kSecondsMax, .unit = "seconds"}));
}

Kind KindOf(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Kind>, 7> kKinds = {{
      {"crash", Kind::kCrash},
      {"slow", Kind::kSlow},
      {"link_down", Kind::kLinkDown},
      {"partition", Kind::kPartition},
      {"impair", Kind::kImpair},
      {"clock", Kind::kClock},
      {"random_crashes", Kind::kRandomCrashes},
  }};
  for (const auto& [known, kind] : kKinds) {
    if (known == name) return kind;
  }
  return Kind::kCrash;  // The reader has told the error.
}

LinkFaults ReadLinkFaults(ParameterReader& reader) {
  LinkFaults faults;
  faults.loss = reader.Number("loss", 0, kProbability);
  faults.duplicate = reader.Number("duplicate", 0, kProbability);
  faults.corrupt = reader.Number("corrupt", 0, kProbability);
  faults.reorder = reader.Number("reorder", 0, kProbability);
  faults.reorder_delay = Duration(
      reader.Integer("reorder_delay_ns", faults.reorder_delay.count(),
                     {.unit = "ns"}));
  return faults;
}

SimClock ReadClock(ParameterReader& reader) {
  constexpr int64_t kBillion = 1'000'000'000;
  constexpr int64_t kOffsetMax = 1'000'000 * kBillion;
  SimClock clock;
  clock.wall_offset = Duration(reader.Integer(
      "offset_ns", 0, {.min = -kOffsetMax, .max = kOffsetMax, .unit = "ns"}));
  clock.drift_ppb = reader.Integer(
      "drift_ppb", 0,
      {.min = -kBillion / 2, .max = kBillion, .unit = "parts per billion"});
  return clock;
}

PlannedFault ReadFault(ParameterReader& reader) {
  PlannedFault fault;
  fault.kind = KindOf(
      reader.Choice("kind", "", {"crash", "slow", "link_down", "partition",
                                 "impair", "clock", "random_crashes"}));
  if (!reader.Has("kind")) reader.Reject("kind", "the name of a fault");
  fault.at = Time(ReadSeconds(reader, "at_s", 0));
  if (reader.Has("for_s")) fault.lasts = ReadSeconds(reader, "for_s", 0);
  if (reader.Has("node")) fault.nodes.push_back(reader.Text("node", ""));
  if (fault.kind == Kind::kPartition) {
    std::string list = reader.Text("nodes", "");
    for (size_t begin = 0; begin < list.size();) {
      size_t end = std::min(list.find(',', begin), list.size());
      fault.nodes.push_back(list.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  switch (fault.kind) {
    case Kind::kSlow:
      fault.factor = reader.Number("factor", 1, {.min = 1, .max = 1e6});
      break;
    case Kind::kImpair:
      fault.link = ReadLinkFaults(reader);
      break;
    case Kind::kClock:
      fault.clock = ReadClock(reader);
      break;
    case Kind::kRandomCrashes:
      fault.until = Time(ReadSeconds(reader, "until_s", 0));
      fault.mean_gap = ReadSeconds(reader, "mean_gap_s", 1);
      if (fault.mean_gap <= Duration::zero()) {
        reader.Reject("mean_gap_s", "more than 0 seconds");
      }
      break;
    case Kind::kCrash:
    case Kind::kLinkDown:
    case Kind::kPartition:
      break;
  }
  if (fault.nodes.empty() && fault.kind != Kind::kRandomCrashes) {
    reader.Reject(fault.kind == Kind::kPartition ? "nodes" : "node",
                  "the name or the role of a node");
  }
  return fault;
}

}  // namespace

FaultPlan ReadFaultPlan(ParameterReader& reader, std::string_view key) {
  FaultPlan plan;
  for (ParameterReader& fault : reader.Objects(key)) {
    plan.push_back(ReadFault(fault));
  }
  return plan;
}

}  // namespace ebbrt::platform
