#include "platform/sim/host/make_topology.h"

#include <vector>

namespace ebbrt::platform {

absl::StatusOr<std::unique_ptr<Topology>> MakeTopology(
    const HostDocument& document) {
  std::vector<LinkOptions> links;
  links.reserve(document.node_count());
  for (const HostNodeGroup& group : document.groups) {
    links.insert(links.end(), group.count, group.link);
  }
  if (document.topology == "star") {
    return std::make_unique<StarTopology>(links);
  }
  return absl::InvalidArgumentError("simulation.network.topology: found \"" +
                                    document.topology +
                                    "\", expected \"star\"");
}

}  // namespace ebbrt::platform
