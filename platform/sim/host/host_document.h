// What a simulation is to run, as JSON: the nodes, the network between them,
// what events cost, and what goes wrong.
//
//   {"seed": 1, "time_limit_s": 3600,
//    "network": {"fidelity": "flow", "topology": "star", "rate_bps": 1e10,
//                "delay_ns": 1000},
//    "calibration": "experiments/calibration/default.json",
//    "trace": "time_line.json",
//    "nodes": [{"role": "server", "app": "memcached", "service": true},
//              {"role": "client", "app": "loadgen", "count": 100,
//               "parameters": {"server": "${server.endpoint}"}}],
//    "faults": [{"kind": "crash", "node": "server", "at_s": 1}]}
//
// Cores: called before there are any. Blocks: reading files. Allocates: yes.
// Bound: kNodesMax nodes.
// Errors: kInvalidArgument; the message names the place, what was found and
// what was expected.
#ifndef EBBRT_PLATFORM_SIM_HOST_HOST_DOCUMENT_H_
#define EBBRT_PLATFORM_SIM_HOST_HOST_DOCUMENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "core/app/application.h"
#include "core/app/parameters.h"
#include "core/base/types.h"
#include "platform/sim/faults.h"
#include "platform/sim/host/calibration.h"
#include "platform/sim/host/fault_plan.h"
#include "platform/sim/network/link.h"
#include "platform/sim/simgrid/simgrid_network.h"

namespace ebbrt::platform {

// What travels between nodes: all that a connection sends in one turn, or the
// frames of our own TCP/IP.
inline constexpr std::string_view kFlowFidelity = "flow";
inline constexpr std::string_view kPacketFidelity = "packet";

// Nodes that differ in nothing but their numbers.
struct HostNodeGroup {
  std::string role;
  const ApplicationDescriptor* application = nullptr;
  uint32_t count = 1;
  uint32_t cores = 1;
  // Asked to end once all that are not have ended; others wait until it is
  // ready.
  bool is_service = false;
  std::string network;  // "": the one between the nodes.
  LinkOptions link;
  nlohmann::json parameters = nlohmann::json::object();
};

struct HostDocument {
  uint64_t seed = 1;
  Duration time_limit = std::chrono::hours(1);
  SimFaults faults;  // EBBRT_SIM_FAULTS.
  std::string fidelity = std::string(kFlowFidelity);
  SimGridOptions simgrid;
  uint64_t bulk_bytes = 0;  // 0: nothing is carried as a bulk flow.
  std::optional<Calibration> calibration;  // None: events cost nothing.
  std::vector<HostNodeGroup> groups;
  FaultPlan fault_plan;
  std::string trace;  // The file for a time line; "": there is none.

  size_t node_count() const;
};

absl::StatusOr<HostDocument> ReadHostDocument(const nlohmann::json& json);

// The text of a file, parsed.
absl::StatusOr<nlohmann::json> ReadJsonFile(const std::string& name);

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_HOST_HOST_DOCUMENT_H_
