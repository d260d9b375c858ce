// For tests: installs our own stack as the network, on a NIC that is wired to
// nothing.
#include <string_view>

#include "core/net/install_network.h"
#include "core/net/ip/testing.h"
#include "core/net/link/cable.h"
#include "core/net/network.h"
#include "core/net/stack/stack_network.h"
#include "core/testing/seed.h"

namespace ebbrt {
namespace {

constexpr std::string_view kNames[] = {"stack"};

}  // namespace

std::span<const std::string_view> NetworkNames() { return kNames; }

absl::Status InstallNetwork(std::string_view, const nlohmann::json&) {
  Cable cable;
  return StackNetwork::Create(kNetworkId, testing::MakeInterface(cable, 1), {},
                              {.words = {testing::Seed(), 1}})
      .Block()
      .status();
}

}  // namespace ebbrt
