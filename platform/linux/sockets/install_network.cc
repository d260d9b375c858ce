// The networks that Linux offers: core/net/install_network.h.
#include "core/net/install_network.h"

#include <sys/resource.h>

#include <memory>
#include <string>

#include "core/ebb/ebb.h"
#include "core/net/network.h"
#include "platform/linux/sockets/kernel_network.h"
#include "platform/linux/sockets/listening_endpoints.h"

namespace ebbrt {
namespace {

constexpr std::string_view kSockets = "sockets";
constexpr std::string_view kNames[] = {kSockets};

// A connection is a descriptor: all that we may have.
void RaiseDescriptorLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

std::span<const std::string_view> NetworkNames() { return kNames; }

absl::Status InstallNetwork(std::string_view name) {
  if (!name.empty() && name != kSockets) {
    return absl::InvalidArgumentError(
        "network: found \"" + std::string(name) + "\", expected \"" +
        std::string(kSockets) + "\"");
  }
  RaiseDescriptorLimit();
  auto listening = std::make_shared<sockets::ListeningEndpoints>();
  CreatePerCoreEbb<Network>(kNetworkId, [listening] {
    return std::make_unique<sockets::KernelNetwork>(listening);
  });
  return absl::OkStatus();
}

}  // namespace ebbrt
