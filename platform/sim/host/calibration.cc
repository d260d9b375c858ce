#include "platform/sim/host/calibration.h"

#include <utility>

#include "absl/status/status.h"
#include "core/app/parameters.h"
#include "core/trace/event_tag.h"

namespace ebbrt::platform {

absl::StatusOr<std::unique_ptr<CostTable>> ReadCalibration(
    const std::string& path, const nlohmann::json& json) {
  if (!json.is_object()) {
    return absl::InvalidArgumentError(path + ": expected a JSON object");
  }
  ParameterReader reader(json, path);
  reader.Integer("schema", 0, {.min = 1, .max = 1});
  if (!reader.Has("schema")) reader.Reject("schema", "1");
  reader.Text("platform", "");
  reader.Text("machine", "");
  reader.Text("description", "");
  if (!reader.Has("tags")) reader.Reject("tags", "an object");
  ParameterReader tags = reader.Object("tags");
  auto table = std::make_unique<CostTable>(path);
  if (json.contains("tags") && json["tags"].is_object()) {
    for (const auto& [name, value] : json["tags"].items()) {
      ParameterReader cost = tags.Object(name);
      double fixed_ns = cost.Number(
          "fixed_ns", 0, {.max = CostTable::kNanosecondsMax, .unit = "ns"});
      double per_byte_ns = cost.Number(
          "per_byte_ns", 0, {.max = CostTable::kNanosecondsMax, .unit = "ns"});
      EventTag tag = name == "untagged" ? kNoTag : EventTagOf(name);
      if (!table->Add(tag, {static_cast<int64_t>(fixed_ns + 0.5),
                            per_byte_ns})) {
        tags.Reject(name, "at most " + std::to_string(CostTable::kTagsMax) +
                              " tags, no two of one hash");
      }
    }
  }
  absl::Status status = reader.Finish();
  if (!status.ok()) return status;
  return table;
}

}  // namespace ebbrt::platform
