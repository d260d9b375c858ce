// For platforms that offer applications no network.
#include <string>

#include "absl/status/status.h"
#include "core/net/install_network.h"

namespace ebbrt {

std::span<const std::string_view> NetworkNames() { return {}; }

absl::Status InstallNetwork(std::string_view name) {
  if (name.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("network: found \"" + std::string(name) +
                                    "\", but this platform has none");
}

}  // namespace ebbrt
