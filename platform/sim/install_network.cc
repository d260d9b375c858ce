// The networks that the simulator offers: core/net/install_network.h.
#include "core/net/install_network.h"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "core/net/memory_network.h"
#include "core/net/stack/install_stack.h"
#include "core/net/wire/ipv4_address.h"
#include "platform/sim/network/addresses.h"
#include "platform/sim/network/flow_world.h"
#include "platform/sim/nic/sim_nic.h"
#include "platform/sim/sim.h"
#include "platform/sim/simulation.h"

namespace ebbrt {
namespace {

// Between nodes, as the simulation has it; and within one.
constexpr std::string_view kFlow = "flow";
constexpr std::string_view kPacket = "packet";
constexpr std::string_view kMemory = "memory";
constexpr std::array kNames = {kFlow, kPacket, kMemory};

std::string Quoted(std::string_view name) {
  return "\"" + std::string(name) + "\"";
}

// The one between the nodes of this simulation; "": it has none.
std::string_view NetworkBetweenNodes() {
  if (platform::FlowWorld::Current() != nullptr) return kFlow;
  if (platform::NicWorld::Current() != nullptr) return kPacket;
  return "";
}

// Our own stack, over the node's NIC, at the address that others know.
absl::Status InstallOwnStack() {
  const uint32_t node = platform::Simulation::current->core().node->number();
  StackOptions options;
  options.configuration.address = Ipv4Address(platform::SimAddressOf(node));
  options.configuration.prefix_bits = platform::kSimPrefixBits;
  return InstallStack(platform::NicWorld::Current()->LendNic(), options);
}

void InstallMemory() {
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
}

}  // namespace

std::span<const std::string_view> NetworkNames() { return kNames; }

absl::Status InstallNetwork(std::string_view name, const nlohmann::json&) {
  const std::string_view between = NetworkBetweenNodes();
  if (name == kMemory || (name.empty() && between.empty())) {
    InstallMemory();
    return absl::OkStatus();
  }
  if (!name.empty() && name != between) {
    return absl::InvalidArgumentError(
        "network: found " + Quoted(name) + ", expected " +
        (between.empty() ? "" : Quoted(between) + " or ") + Quoted(kMemory) +
        (between.empty() ? ", where there is no network between nodes" : ""));
  }
  if (between == kPacket) return InstallOwnStack();
  platform::FlowWorld::Current()->Install();
  return absl::OkStatus();
}

}  // namespace ebbrt
