// Makes our own stack the node's network, over a NIC and with the options that
// an experiment gives.
//
//   {"address": "10.0.0.2/24", "gateway": "10.0.0.1"}
//   {"address": "dhcp"}
//
// Cores: core 0, from an event. Ownership: the node's, with the NIC.
// Blocks: until every core has its part; with DHCP until there is a lease, for
// kDhcpTimeout. Allocates: yes.
// Errors: kInvalidArgument for options, as ParameterReader tells them;
// kUnavailable where no DHCP server answers; the NIC's.
#ifndef EBBRT_CORE_NET_STACK_INSTALL_STACK_H_
#define EBBRT_CORE_NET_STACK_INSTALL_STACK_H_

#include <chrono>
#include <memory>

#include "absl/status/status.h"
#include "core/app/parameters.h"
#include "core/base/types.h"
#include "core/net/ip/interface.h"
#include "core/net/nic.h"

namespace ebbrt {

inline constexpr Duration kDhcpTimeout = std::chrono::seconds(60);

struct StackOptions {
  bool dhcp = false;
  ip::Configuration configuration;
};

// Reads "address" and "gateway"; what is wrong is an error of the reader's.
StackOptions ReadStackOptions(ParameterReader& reader);

absl::Status InstallStack(std::unique_ptr<Nic> nic,
                          const StackOptions& options);

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_STACK_INSTALL_STACK_H_
