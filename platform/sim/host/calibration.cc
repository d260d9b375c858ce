#include "platform/sim/host/calibration.h"

#include <utility>

#include "absl/status/status.h"
#include "core/app/parameters.h"
#include "core/trace/event_tag.h"

namespace ebbrt::platform {
namespace {

using nlohmann::json;

EventTag TagOf(std::string_view name) {
  return name == "untagged" ? kNoTag : EventTagOf(name);
}

// Reads the costs in `given`, which `tags` reads, into the table.
void AddCosts(ParameterReader tags, const json& given, CostTable& table) {
  if (!given.is_object()) return;  // The reader has told the error.
  for (const auto& [name, value] : given.items()) {
    ParameterReader cost = tags.Object(name);
    double fixed_ns = cost.Number(
        "fixed_ns", 0, {.max = CostTable::kNanosecondsMax, .unit = "ns"});
    double per_byte_ns = cost.Number(
        "per_byte_ns", 0, {.max = CostTable::kNanosecondsMax, .unit = "ns"});
    if (!table.Add(TagOf(name),
                   {static_cast<int64_t>(fixed_ns + 0.5), per_byte_ns})) {
      tags.Reject(name, "at most " + std::to_string(CostTable::kTagsMax) +
                            " tags, no two of one hash");
    }
  }
}

// The same for those that the table does not have yet; they have been read.
void AddMissing(const CostTable& common, const json& given, CostTable& table) {
  for (const auto& [name, value] : given.items()) {
    EventTag tag = TagOf(name);
    if (table.Find(tag) == nullptr) table.Add(tag, *common.Find(tag));
  }
}

}  // namespace

absl::StatusOr<Calibration> Calibration::Read(const std::string& path,
                                              const json& given) {
  if (!given.is_object()) {
    return absl::InvalidArgumentError(path + ": expected a JSON object");
  }
  const json none = json::object();
  Calibration calibration;
  ParameterReader reader(given, path);
  reader.Integer("schema", 0, {.min = 1, .max = 1});
  if (!reader.Has("schema")) reader.Reject("schema", "1");
  calibration.reads_at_once_ = reader.Text("platform", "") == "linux";
  for (const char* word : {"machine", "commit", "description"}) {
    reader.Text(word, "");
  }
  calibration.wake_ = Duration(reader.Integer(
      "wake_ns", 0,
      {.max = static_cast<int64_t>(CostTable::kNanosecondsMax),
       .unit = "ns"}));
  if (!reader.Has("tags")) reader.Reject("tags", "an object");
  const json& tags = given.contains("tags") ? given["tags"] : none;
  auto& common = calibration.tables_[""];
  common = std::make_unique<CostTable>(path);
  AddCosts(reader.Object("tags"), tags, *common);
  ParameterReader apps = reader.Object("apps");
  const json& by_app = given.contains("apps") ? given["apps"] : none;
  if (by_app.is_object()) {
    for (const auto& [name, own] : by_app.items()) {
      auto& table = calibration.tables_[name];
      table = std::make_unique<CostTable>(path);
      AddCosts(apps.Object(name), own, *table);
    }
  }
  absl::Status status = reader.Finish();
  if (!status.ok()) return status;
  for (auto& [name, table] : calibration.tables_) {
    AddMissing(*common, tags, *table);
  }
  return calibration;
}

const CostTable& Calibration::CostsOf(std::string_view application) const {
  auto found = tables_.find(application);
  return found == tables_.end() ? *tables_.find("")->second : *found->second;
}

}  // namespace ebbrt::platform
