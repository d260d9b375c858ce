// Which implementation of the network Ebb a node gets.
//
// Declared here, defined by the platform (//platform:network), because the
// implementations are the platforms': kernel sockets, a stack over a NIC,
// simulated links.
//
// Cores: InstallNetwork on core 0, before the application starts.
// Ownership: what is installed is the node's. Blocks: where an implementation
// has to wait for an address, say.
// Errors: kInvalidArgument for a name that the platform does not have; the
// message has the valid ones; and for options that it does not have.
#ifndef EBBRT_CORE_NET_INSTALL_NETWORK_H_
#define EBBRT_CORE_NET_INSTALL_NETWORK_H_

#include <span>
#include <string_view>

#include <nlohmann/json.hpp>

#include "absl/status/status.h"

namespace ebbrt {

// The implementations that there are on this machine; the first is the default.
// One thread at a time.
std::span<const std::string_view> NetworkNames();

// Makes kNetworkId (core/net/network.h) name an implementation; "" is the
// default one, if the platform has any. `options` is an object whose keys are
// the implementation's; it may block meanwhile.
absl::Status InstallNetwork(
    std::string_view name,
    const nlohmann::json& options = nlohmann::json::object());

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_INSTALL_NETWORK_H_
