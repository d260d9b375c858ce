#include "platform/sim/host/host_document.h"

#include <cstdio>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "platform/sim/host/calibration.h"
#include "platform/sim/simulation.h"

namespace ebbrt::platform {
namespace {

using nlohmann::json;

constexpr size_t kFileBytesMax = 64 * kMiB;

LinkOptions ReadLink(ParameterReader& reader, const LinkOptions& otherwise) {
  constexpr ParameterReader::NumberRange kProbability = {.min = 0, .max = 1};
  LinkOptions link = otherwise;
  link.rate_bps = reader.Number("rate_bps", otherwise.rate_bps,
                                {.min = 1, .max = 1e15, .unit = "bits/s"});
  link.delay = Duration(
      reader.Integer("delay_ns", otherwise.delay.count(), {.unit = "ns"}));
  link.buffer_bytes = static_cast<size_t>(
      reader.Integer("buffer_bytes",
                     static_cast<int64_t>(otherwise.buffer_bytes),
                     {.unit = "bytes"}));
  link.mark_bytes = static_cast<size_t>(reader.Integer(
      "mark_bytes", static_cast<int64_t>(otherwise.mark_bytes),
      {.unit = "bytes"}));
  link.faults.loss =
      reader.Number("loss", otherwise.faults.loss, kProbability);
  link.faults.reorder =
      reader.Number("reorder", otherwise.faults.reorder, kProbability);
  link.faults.duplicate =
      reader.Number("duplicate", otherwise.faults.duplicate, kProbability);
  link.faults.corrupt =
      reader.Number("corrupt", otherwise.faults.corrupt, kProbability);
  return link;
}

const ApplicationDescriptor* FindApplication(ParameterReader& reader) {
  std::string name = reader.Text("app", "");
  std::string names;
  for (const ApplicationDescriptor* application : Applications()) {
    if (application->name == name) return application;
    names += (names.empty() ? "" : ", ") + std::string(application->name);
  }
  reader.Reject("app", "an application that the simulator hosts: " + names);
  return nullptr;
}

// A node of another fidelity than the network's would hear nobody.
std::string ReadNodeNetwork(ParameterReader& reader,
                            const HostDocument& document) {
  std::string name = reader.Text("network", "");
  if (!name.empty() && name != document.fidelity && name != "memory") {
    reader.Reject("network",
                  "\"" + document.fidelity +
                      "\", as simulation.network.fidelity is, or \"memory\"");
  }
  return name;
}

HostNodeGroup ReadGroup(ParameterReader& reader, const json& parameters,
                        const HostDocument& document) {
  constexpr int64_t kCoresMax = 1024;
  HostNodeGroup group;
  group.role = reader.Text("role", "");
  if (group.role.empty()) reader.Reject("role", "a name");
  group.application = FindApplication(reader);
  group.count = static_cast<uint32_t>(reader.Integer(
      "count", 1,
      {.min = 1, .max = static_cast<int64_t>(Simulation::kNodesMax)}));
  group.cores = static_cast<uint32_t>(
      reader.Integer("cores", 1, {.min = 1, .max = kCoresMax}));
  group.is_service = reader.Boolean("service", false);
  group.network = ReadNodeNetwork(reader, document);
  ParameterReader own_link = reader.Object("link");
  group.link = ReadLink(own_link, document.simgrid.link);
  if (reader.Has("parameters")) {
    if (parameters.is_object()) {
      group.parameters = parameters;
    } else {
      reader.Reject("parameters", "an object");
    }
  }
  return group;
}

void ReadNetwork(ParameterReader& reader, HostDocument& document) {
  ParameterReader network = reader.Object("network");
  document.fidelity = network.Choice("fidelity", document.fidelity,
                                     {kFlowFidelity, kPacketFidelity});
  document.simgrid.topology = network.Choice(
      "topology", "star",
      {"star", "fat_tree", "dragonfly", "torus", "platform_file"});
  document.bulk_bytes = static_cast<uint64_t>(
      network.Integer("bulk_bytes", 0, {.unit = "bytes"}));
  if (document.bulk_bytes != 0 && document.fidelity == kPacketFidelity) {
    network.Reject("bulk_bytes", "0, where the fidelity is \"packet\"");
  }
  document.simgrid.parameters = network.Text("parameters", "");
  document.simgrid.file = network.Text("file", "");
  document.simgrid.link = ReadLink(network, LinkOptions{});
}

}  // namespace

size_t HostDocument::node_count() const {
  size_t count = 0;
  for (const HostNodeGroup& group : groups) count += group.count;
  return count;
}

absl::StatusOr<json> ReadJsonFile(const std::string& name) {
  auto close = [](std::FILE* file) { std::fclose(file); };
  std::unique_ptr<std::FILE, decltype(close)> file(
      std::fopen(name.c_str(), "rb"));
  if (file == nullptr) {
    return absl::InvalidArgumentError(name + ": cannot be read");
  }
  std::string text;
  std::string buffer(64 * kKiB, '\0');
  while (size_t bytes =
             std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    text.append(buffer, 0, bytes);
    if (text.size() > kFileBytesMax) {
      return absl::InvalidArgumentError(name + ": is too long");
    }
  }
  json parsed = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (parsed.is_discarded()) {
    return absl::InvalidArgumentError(name + ": is no JSON");
  }
  return parsed;
}

absl::StatusOr<HostDocument> ReadHostDocument(const json& given) {
  if (!given.is_object()) {
    return absl::InvalidArgumentError("simulation: expected a JSON object");
  }
  HostDocument document;
  std::string error = ReadSimFaults(document.faults);
  if (!error.empty()) return absl::InvalidArgumentError(error);
  ParameterReader reader(given, "simulation");
  document.seed = static_cast<uint64_t>(reader.Integer("seed", 1, {}));
  document.time_limit = std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(reader.Number(
          "time_limit_s", 3600,
          {.min = 1e-9, .max = 1e9, .unit = "seconds"})));
  const json none = json::object();
  ReadNetwork(reader, document);
  size_t index = 0;
  for (ParameterReader& group : reader.Objects("nodes")) {
    const json& node = given["nodes"][index++];
    document.groups.push_back(ReadGroup(
        group, node.is_object() ? node.value("parameters", none) : none,
        document));
  }
  if (document.groups.empty()) reader.Reject("nodes", "at least one node");
  if (document.node_count() > Simulation::kNodesMax) {
    reader.Reject("nodes", "at most " + std::to_string(Simulation::kNodesMax) +
                               " nodes");
  }
  document.fault_plan = ReadFaultPlan(reader, "faults");
  document.trace = reader.Text("trace", "");
  std::string calibration = reader.Text("calibration", "");
  absl::Status status = reader.Finish();
  if (!status.ok()) return status;
  if (calibration.empty()) return document;
  absl::StatusOr<json> table = ReadJsonFile(calibration);
  if (!table.ok()) return table.status();
  absl::StatusOr<Calibration> costs = Calibration::Read(calibration, *table);
  if (!costs.ok()) return costs.status();
  document.calibration = *std::move(costs);
  return document;
}

}  // namespace ebbrt::platform
