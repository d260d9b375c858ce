// The network that a document asks for, and who drives the simulation over it:
// SimGrid where it has a part, else the simulation itself.
//
// Cores: the process's main thread. Errors: kInvalidArgument.
#ifndef EBBRT_PLATFORM_SIM_HOST_HOST_NETWORK_H_
#define EBBRT_PLATFORM_SIM_HOST_HOST_NETWORK_H_

#include <memory>

#include "absl/status/statusor.h"
#include "platform/sim/host/host_document.h"
#include "platform/sim/network/fabric.h"
#include "platform/sim/network/topology.h"
#include "platform/sim/simgrid/simgrid_network.h"
#include "platform/sim/simulation.h"

namespace ebbrt::platform {

class HostNetwork {
 public:
  static absl::StatusOr<std::unique_ptr<HostNetwork>> Create(
      const HostDocument& document);

  // Once. What it returns does not outlive this object.
  std::unique_ptr<Topology> TakeTopology() { return std::move(topology_); }
  // Runs the simulation to its end.
  void Run(Simulation& simulation, Fabric& fabric);

 private:
  HostNetwork() = default;

  uint64_t bulk_bytes_ = 0;
  std::unique_ptr<SimGridNetwork> simgrid_;  // Null: it has no part.
  std::unique_ptr<Topology> topology_;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_HOST_HOST_NETWORK_H_
