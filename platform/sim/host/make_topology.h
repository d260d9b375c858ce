// Makes the topology that a document asks for.
//
// Cores: called before there are any. Errors: kInvalidArgument.
#ifndef EBBRT_PLATFORM_SIM_HOST_MAKE_TOPOLOGY_H_
#define EBBRT_PLATFORM_SIM_HOST_MAKE_TOPOLOGY_H_

#include <memory>

#include "absl/status/statusor.h"
#include "platform/sim/host/host_document.h"
#include "platform/sim/network/topology.h"

namespace ebbrt::platform {

absl::StatusOr<std::unique_ptr<Topology>> MakeTopology(
    const HostDocument& document);

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_HOST_MAKE_TOPOLOGY_H_
