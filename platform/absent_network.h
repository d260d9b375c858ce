// The network of a node that has none: whatever asks it for something is told
// why.
//
// Cores: core 0, before the application starts. Ownership: the node's.
// Blocks: no. Allocates: yes. Errors: every call's is kUnavailable.
#ifndef EBBRT_PLATFORM_ABSENT_NETWORK_H_
#define EBBRT_PLATFORM_ABSENT_NETWORK_H_

#include <string>

namespace ebbrt::platform {

// Makes kNetworkId (core/net/network.h) name it.
void InstallAbsentNetwork(std::string why);

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_ABSENT_NETWORK_H_
