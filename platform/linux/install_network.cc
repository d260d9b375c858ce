// The networks that Linux offers: core/net/install_network.h.
#include "core/net/install_network.h"

#include <sys/resource.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "core/app/parameters.h"
#include "core/ebb/ebb.h"
#include "core/net/network.h"
#include "core/net/stack/install_stack.h"
#include "platform/current.h"
#include "platform/linux/nic/packet_socket.h"
#include "platform/linux/nic/tap.h"
#include "platform/linux/sockets/kernel_network.h"
#include "platform/linux/sockets/listening_endpoints.h"

namespace ebbrt {
namespace {

constexpr std::string_view kTap = "tap";
constexpr std::string_view kNames[] = {"sockets", kTap, "packet"};

// A connection is a descriptor: all that we may have.
void RaiseDescriptorLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

absl::StatusOr<std::unique_ptr<Nic>> OpenNic(std::string_view name,
                                             const std::string& device) {
  const uint32_t queue_count = Platform::CoreCount();
  if (name == kTap) {
    return nic::OpenTap(
        {.device = device, .queue_count = queue_count, .address = {}});
  }
  return nic::OpenPacketSocket(
      {.device = device, .queue_count = queue_count, .address = {}});
}

// Our own stack, with a queue a core.
absl::Status InstallOwnStack(std::string_view name, ParameterReader& reader) {
  const std::string device = reader.Text("device", "ebbrt0");
  const StackOptions stack = ReadStackOptions(reader);
  absl::Status read = reader.Finish();
  if (!read.ok()) return read;
  absl::StatusOr<std::unique_ptr<Nic>> nic = OpenNic(name, device);
  if (!nic.ok()) return nic.status();
  return InstallStack(*std::move(nic), stack);
}

}  // namespace

std::span<const std::string_view> NetworkNames() { return kNames; }

absl::Status InstallNetwork(std::string_view name,
                            const nlohmann::json& options) {
  ParameterReader reader(options, "parameters.network");
  if (name == kTap || name == "packet") return InstallOwnStack(name, reader);
  if (!name.empty() && name != "sockets") {
    return absl::InvalidArgumentError(
        "network: found \"" + std::string(name) +
        "\", expected \"sockets\", \"tap\" or \"packet\"");
  }
  absl::Status read = reader.Finish();
  if (!read.ok()) return read;
  RaiseDescriptorLimit();
  auto listening = std::make_shared<sockets::ListeningEndpoints>();
  CreatePerCoreEbb<Network>(kNetworkId, [listening] {
    return std::make_unique<sockets::KernelNetwork>(listening);
  });
  return absl::OkStatus();
}

}  // namespace ebbrt
