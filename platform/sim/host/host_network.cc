#include "platform/sim/host/host_network.h"

#include <utility>
#include <vector>

namespace ebbrt::platform {

absl::StatusOr<std::unique_ptr<HostNetwork>> HostNetwork::Create(
    const HostDocument& document) {
  std::vector<LinkOptions> links;
  links.reserve(document.node_count());
  for (const HostNodeGroup& group : document.groups) {
    links.insert(links.end(), group.count, group.link);
  }
  std::unique_ptr<HostNetwork> network(new HostNetwork);
  network->bulk_bytes_ = document.bulk_bytes;
  if (document.simgrid.topology == "star" && document.bulk_bytes == 0) {
    network->topology_ = std::make_unique<StarTopology>(links);
    return network;
  }
  auto simgrid = SimGridNetwork::Create(document.simgrid, links);
  if (!simgrid.ok()) return simgrid.status();
  network->simgrid_ = *std::move(simgrid);
  network->topology_ = network->simgrid_->TakeTopology();
  return network;
}

void HostNetwork::Run(Simulation& simulation, Fabric& fabric) {
  if (simgrid_ == nullptr) {
    simulation.Run();
  } else {
    simgrid_->Run(simulation, fabric, bulk_bytes_);
  }
}

}  // namespace ebbrt::platform
