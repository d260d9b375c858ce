#include "core/net/install_network.h"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "core/net/memory_network.h"
#include "platform/sim/sim.h"

namespace ebbrt {
namespace {
constexpr std::array<std::string_view, 1> kNames = {"memory"};
}  // namespace

std::span<const std::string_view> NetworkNames() { return kNames; }

absl::Status InstallNetwork(std::string_view name) {
  if (!name.empty() && name != kNames[0]) {
    return absl::InvalidArgumentError("network: found \"" + std::string(name) +
                                      "\", expected \"" +
                                      std::string(kNames[0]) + "\"");
  }
  const platform::SimFaults& faults = platform::Sim::faults();
  MemoryNetworkOptions options = {.delay = faults.network_delay,
                                  .jitter = faults.network_jitter,
                                  .segment_bytes_max = 1460,
                                  .cut_randomly = true,
                                  .loss = faults.network_loss,
                                  .reset = faults.network_reset,
                                  .refuse = faults.network_refuse};
  platform::Sim::FillEntropy(
      std::as_writable_bytes(std::span(&options.seed, 1)));
  InstallMemoryNetwork(options);
  return absl::OkStatus();
}

}  // namespace ebbrt
