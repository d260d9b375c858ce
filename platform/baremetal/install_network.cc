// The network that bare metal offers, our own stack over a NIC:
// core/net/install_network.h.
//
//   {"nic": 0, "receive_buffers": 512, "address": "10.0.0.2/24",
//    "gateway": "10.0.0.1"}
//
// Without "address" it asks DHCP. A machine without a NIC runs applications
// all the same; what they ask of the network fails.
#include "core/net/install_network.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/app/parameters.h"
#include "core/net/stack/install_stack.h"
#include "platform/absent_network.h"
#include "platform/baremetal/baremetal.h"
#include "platform/baremetal/nics.h"
#include "platform/baremetal/virtio/entropy_driver.h"
#include "platform/current.h"

namespace ebbrt {
namespace {

constexpr std::string_view kNames[] = {"stack"};
constexpr int64_t kNicsMax = 256;

}  // namespace

std::span<const std::string_view> NetworkNames() {
  return platform::HasNic() ? std::span<const std::string_view>(kNames)
                            : std::span<const std::string_view>();
}

absl::Status InstallNetwork(std::string_view name,
                            const nlohmann::json& options) {
  if (!name.empty() && name != kNames[0]) {
    return absl::InvalidArgumentError("network: found \"" + std::string(name) +
                                      "\", expected \"stack\"");
  }
  ParameterReader reader(options, "parameters.network");
  const auto index = static_cast<size_t>(
      reader.Integer("nic", 0, {.min = 0, .max = kNicsMax - 1}));
  platform::NicOptions nic_options = {.queues_max = Platform::CoreCount()};
  nic_options.receive_buffers = static_cast<uint32_t>(
      reader.Integer("receive_buffers", nic_options.receive_buffers,
                     {.min = platform::NicOptions::kReceiveBuffersMin,
                      .max = platform::NicOptions::kReceiveBuffersMax,
                      .unit = "buffers"}));
  const StackOptions stack = ReadStackOptions(reader);
  absl::Status read = reader.Finish();
  if (!read.ok()) return read;
  // Before the stack draws its secrets.
  platform::virtio::AddDeviceEntropy();
  std::vector<std::unique_ptr<Nic>> nics = platform::FindNics(nic_options);
  if (index < nics.size()) return InstallStack(std::move(nics[index]), stack);
  if (name.empty() && options.empty()) {
    platform::InstallAbsentNetwork("this machine has no network card");
    return absl::OkStatus();
  }
  return absl::UnavailableError(
      "parameters.network.nic: found " + std::to_string(index) +
      ", but this machine has " + std::to_string(nics.size()) +
      " network cards that there is a driver for");
}

}  // namespace ebbrt
