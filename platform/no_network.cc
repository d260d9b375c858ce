// For platforms without a network, and for programs that want none:
// core/net/install_network.h.
#include <string>

#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "core/net/install_network.h"
#include "platform/absent_network.h"

namespace ebbrt {

std::span<const std::string_view> NetworkNames() { return {}; }

absl::Status InstallNetwork(std::string_view name, const nlohmann::json&) {
  if (!name.empty()) {
    return absl::InvalidArgumentError("network: found \"" + std::string(name) +
                                      "\", but this program has none");
  }
  platform::InstallAbsentNetwork("this program has no network");
  return absl::OkStatus();
}

}  // namespace ebbrt
