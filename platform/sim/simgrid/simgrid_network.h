// SimGrid's part in the simulated network: its topologies and platform files,
// whose links our own queues stand on, and the sharing of links by bulk flows.
//
//   SimGrid's engine --- next_occurring_event ---> the simulation's queue
//        |          <--- update_actions_state ----      (a Model of SimGrid)
//        '--- Comm: bulk flows, which share links max-min fairly
//
// Small parcels pass our queues and do not see what bulk flows take of a link,
// nor the reverse: that is the price of 10^7 messages a second.
//
// While no bulk flow is under way the queue runs without SimGrid, which then
// has no part in what comes next. No actor exists.
//
// Cores: the host thread that simulates; one a process, since SimGrid's engine
// is the process's. Allocates: yes. Bound: kRoutesMax routes kept.
// Errors: kInvalidArgument for parameters that are none of the topology's.
// Source: Casanova et al., 2014; SimGrid 3.32, "The SimGrid models".
#ifndef EBBRT_PLATFORM_SIM_SIMGRID_SIMGRID_NETWORK_H_
#define EBBRT_PLATFORM_SIM_SIMGRID_SIMGRID_NETWORK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "platform/sim/network/fabric.h"
#include "platform/sim/network/topology.h"
#include "platform/sim/simulation.h"

namespace ebbrt::platform {

struct SimGridOptions {
  // "star", "fat_tree", "torus", "dragonfly" or "platform_file".
  std::string topology = "star";
  // "2;4,4;1,2;1,2" (levels; children; parents; links of each level), "4,4,2",
  // "3,4;4,3;5,1;2" (groups, links; chassis, links; routers, links; nodes).
  std::string parameters;
  std::string file;
  // Of the links of all but a star, which has one for each node, and a platform
  // file, which has rates and delays of its own.
  LinkOptions link;
};

class SimGridNetwork {
 public:
  static constexpr size_t kRoutesMax = size_t{1} << 20;

  virtual ~SimGridNetwork() = default;

  // `links` has each node's.
  static absl::StatusOr<std::unique_ptr<SimGridNetwork>> Create(
      const SimGridOptions& options, const std::vector<LinkOptions>& links);

  // The topology, once. It refers to this object.
  virtual std::unique_ptr<Topology> TakeTopology() = 0;

  // Runs the simulation; transfers of at least `bulk_bytes` are SimGrid's
  // flows. Called once, in place of Simulation::Run.
  virtual void Run(Simulation& simulation, Fabric& fabric,
                   uint64_t bulk_bytes) = 0;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_SIMGRID_SIMGRID_NETWORK_H_
