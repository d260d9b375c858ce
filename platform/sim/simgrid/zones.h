// Builds SimGrid's zones from a document's words.
//
// Cores: called before there are any. Errors: kInvalidArgument.
#ifndef EBBRT_PLATFORM_SIM_SIMGRID_ZONES_H_
#define EBBRT_PLATFORM_SIM_SIMGRID_ZONES_H_

#include <vector>

#include <simgrid/s4u.hpp>

#include "absl/status/status.h"
#include "platform/sim/simgrid/simgrid_network.h"

namespace ebbrt::platform {

// Makes the platform, and gives its hosts in the order of the nodes.
absl::Status BuildZone(const SimGridOptions& options,
                       const std::vector<LinkOptions>& links,
                       simgrid::s4u::Engine& engine,
                       std::vector<simgrid::s4u::Host*>& hosts);

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_SIMGRID_ZONES_H_
