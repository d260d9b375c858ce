#include "platform/sim/host/fault_plan.h"

#include <algorithm>
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

// What may be drawn: all but the last.
constexpr std::array<std::pair<std::string_view, Kind>, 7> kKinds = {{
    {"crash", Kind::kCrash},
    {"slow", Kind::kSlow},
    {"link_down", Kind::kLinkDown},
    {"partition", Kind::kPartition},
    {"impair", Kind::kImpair},
    {"clock", Kind::kClock},
    {"random", Kind::kRandom},
}};

Kind KindOf(std::string_view name) {
  for (const auto& [known, kind] : kKinds) {
    if (known == name) return kind;
  }
  return Kind::kCrash;  // The reader has told the error.
}

// The parts of "a,b".
std::vector<std::string> Parts(const std::string& list) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin < list.size();) {
    size_t end = std::min(list.find(',', begin), list.size());
    parts.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// What each kind takes beside its time; what is not given is as in `fault`.
void ReadParameters(ParameterReader& reader, Kind kind, PlannedFault& fault) {
  constexpr int64_t kBillion = 1'000'000'000;
  constexpr int64_t kOffsetMax = 1'000'000 * kBillion;
  LinkFaults& link = fault.link;
  switch (kind) {
    case Kind::kSlow:
      fault.factor = reader.Number("factor", fault.factor,
                                   {.min = 1, .max = 1e6});
      break;
    case Kind::kImpair:
      link.loss = reader.Number("loss", link.loss, kProbability);
      link.duplicate = reader.Number("duplicate", link.duplicate, kProbability);
      link.corrupt = reader.Number("corrupt", link.corrupt, kProbability);
      link.reorder = reader.Number("reorder", link.reorder, kProbability);
      link.reorder_delay = Duration(reader.Integer(
          "reorder_delay_ns", link.reorder_delay.count(), {.unit = "ns"}));
      break;
    case Kind::kClock:
      fault.clock.wall_offset = Duration(reader.Integer(
          "offset_ns", fault.clock.wall_offset.count(),
          {.min = -kOffsetMax, .max = kOffsetMax, .unit = "ns"}));
      fault.clock.drift_ppb = reader.Integer(
          "drift_ppb", fault.clock.drift_ppb,
          {.min = -kBillion / 2, .max = kBillion, .unit = "parts per billion"});
      break;
    case Kind::kCrash:
    case Kind::kLinkDown:
    case Kind::kPartition:
    case Kind::kRandom:
      break;
  }
}

// What drawn faults keep below if the plan does not say.
void SetDrawnBounds(PlannedFault& fault) {
  fault.factor = 10;
  fault.link = {.loss = 0.1, .duplicate = 0.1, .corrupt = 0.1, .reorder = 0.1};
  fault.clock = {.wall_offset = std::chrono::seconds(1), .drift_ppb = 200'000};
}

void ReadRandom(ParameterReader& reader, PlannedFault& fault) {
  SetDrawnBounds(fault);
  for (const std::string& name : Parts(reader.Text("kinds", ""))) {
    Kind kind = KindOf(name);
    if (FaultName(kind) != name || kind == Kind::kRandom) {
      fault.kinds.clear();
      break;
    }
    fault.kinds.push_back(kind);
    ReadParameters(reader, kind, fault);
  }
  if (fault.kinds.empty()) {
    reader.Reject("kinds",
                  "names of crash, slow, link_down, partition, impair, clock, "
                  "with commas between them");
  }
  fault.until = Time(ReadSeconds(reader, "until_s", 0));
  if (fault.until < fault.at) reader.Reject("until_s", "no earlier than at_s");
  fault.mean_gap = ReadSeconds(reader, "mean_gap_s", 1);
  if (fault.mean_gap <= Duration::zero()) {
    reader.Reject("mean_gap_s", "more than 0 seconds");
  }
  if (fault.lasts.value_or(Duration::zero()) <= Duration::zero()) {
    reader.Reject("for_s", "more than 0 seconds");
  }
}

PlannedFault ReadFault(ParameterReader& reader) {
  PlannedFault fault;
  fault.kind = KindOf(
      reader.Choice("kind", "", {"crash", "slow", "link_down", "partition",
                                 "impair", "clock", "random"}));
  if (!reader.Has("kind")) reader.Reject("kind", "the name of a fault");
  fault.at = Time(ReadSeconds(reader, "at_s", 0));
  if (reader.Has("for_s")) fault.lasts = ReadSeconds(reader, "for_s", 0);
  if (reader.Has("node")) fault.nodes.push_back(reader.Text("node", ""));
  if (fault.kind == Kind::kPartition || fault.kind == Kind::kRandom) {
    for (std::string& name : Parts(reader.Text("nodes", ""))) {
      fault.nodes.push_back(std::move(name));
    }
  }
  if (fault.kind == Kind::kRandom) {
    ReadRandom(reader, fault);
  } else {
    ReadParameters(reader, fault.kind, fault);
    if (fault.nodes.empty()) {
      reader.Reject(fault.kind == Kind::kPartition ? "nodes" : "node",
                    "the name or the role of a node");
    }
  }
  return fault;
}

}  // namespace

std::string_view FaultName(PlannedFault::Kind kind) {
  for (const auto& [name, known] : kKinds) {
    if (known == kind) return name;
  }
  return "";
}

FaultPlan ReadFaultPlan(ParameterReader& reader, std::string_view key) {
  FaultPlan plan;
  for (ParameterReader& fault : reader.Objects(key)) {
    plan.push_back(ReadFault(fault));
  }
  return plan;
}

}  // namespace ebbrt::platform
