#include "core/net/install_network.h"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "core/net/memory_network.h"
#include "platform/sim/network/flow_world.h"
#include "platform/sim/sim.h"
#include "platform/sim/simulation.h"

namespace ebbrt {
namespace {
// Between nodes, where the simulation has a network; within one.
constexpr std::string_view kFlow = "flow";
constexpr std::string_view kMemory = "memory";
constexpr std::array kNames = {kFlow, kMemory};
}  // namespace

std::span<const std::string_view> NetworkNames() { return kNames; }

absl::Status InstallNetwork(std::string_view name, const nlohmann::json&) {
  platform::FlowWorld* world = platform::FlowWorld::Current();
  bool is_flow = name == kFlow || (name.empty() && world != nullptr);
  if (is_flow && world != nullptr) {
    world->Install();
    return absl::OkStatus();
  }
  if (is_flow) {
    return absl::InvalidArgumentError(
        "network: found \"flow\", but the simulation has a single node and no "
        "network; expected \"memory\"");
  }
  if (!name.empty() && name != kMemory) {
    return absl::InvalidArgumentError("network: found \"" + std::string(name) +
                                      "\", expected \"flow\" or \"memory\"");
  }
  const platform::SimFaults& faults =
      platform::Simulation::current->faults();
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
