#include "core/net/stack/install_stack.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "core/async/future.h"
#include "core/ebb/ebb.h"
#include "core/event/timer.h"
#include "core/net/dhcp/client.h"
#include "core/net/network.h"
#include "core/net/stack/stack_network.h"
#include "platform/current.h"

namespace ebbrt {
namespace {

constexpr std::string_view kDhcp = "dhcp";

// "10.0.0.2/24".
bool ParseNetwork(const std::string& text, ip::Configuration& configuration) {
  const size_t slash = text.find('/');
  if (slash == std::string::npos) return false;
  absl::StatusOr<IpAddress> address = IpAddress::Parse(text.substr(0, slash));
  uint32_t bits = 0;
  if (!address.ok() || !address->is_v4() ||
      !absl::SimpleAtoi(text.substr(slash + 1), &bits) || bits == 0 ||
      bits > 32) {
    return false;
  }
  configuration.address = Ipv4Address(*address);
  configuration.prefix_bits = bits;
  return !configuration.address.unspecified();
}

std::array<uint64_t, 4> Secrets() {
  std::array<uint64_t, 4> secrets;
  Platform::FillEntropy(std::as_writable_bytes(std::span(secrets)));
  return secrets;
}

// Core 0's, so that its timers end with the core.
struct LeaseKeeper {
  std::shared_ptr<dhcp::Client> client;
};

absl::Status GetLease(EbbRef<ip::Interface> interface, uint64_t seed) {
  EbbRef<LeaseKeeper> keeper =
      CreatePerCoreEbb<LeaseKeeper>([interface, seed] {
        return std::make_unique<LeaseKeeper>(
            LeaseKeeper{dhcp::Client::Create(interface, seed)});
      });
  // Kept by the lease or by the timer, whichever comes first.
  auto waiting = std::make_shared<std::optional<Promise<void>>>(std::in_place);
  Future<void> outcome = (*waiting)->GetFuture();
  auto keep = [waiting](absl::Status status) {
    if (!waiting->has_value()) return;
    Promise<void> promise = *std::move(*waiting);
    waiting->reset();
    promise.SetOutcome(std::move(status));
  };
  Timer timer([keep] {
    keep(absl::UnavailableError("no DHCP server has given us an address"));
  });
  timer.SetAfter(kDhcpTimeout);
  static_cast<void>(keeper->client->Start().Then(
      [keep](absl::StatusOr<dhcp::Lease> lease) { keep(lease.status()); }));
  return std::move(outcome).Block();
}

}  // namespace

StackOptions ReadStackOptions(ParameterReader& reader) {
  StackOptions options;
  const std::string address = reader.Text("address", std::string(kDhcp));
  options.dhcp = address == kDhcp;
  if (!options.dhcp && !ParseNetwork(address, options.configuration)) {
    reader.Reject("address", "\"dhcp\", or an address and a prefix's length "
                             "as in \"10.0.0.2/24\"");
  }
  const std::string gateway = reader.Text("gateway", "");
  if (gateway.empty()) return options;
  absl::StatusOr<IpAddress> parsed = IpAddress::Parse(gateway);
  if (!parsed.ok() || !parsed->is_v4() || options.dhcp) {
    reader.Reject("gateway", "an IPv4 address, where DHCP does not give it");
    return options;
  }
  options.configuration.gateway = Ipv4Address(*parsed);
  return options;
}

absl::Status InstallStack(std::unique_ptr<Nic> nic,
                          const StackOptions& options) {
  const std::array<uint64_t, 4> secrets = Secrets();
  absl::StatusOr<EbbRef<ip::Interface>> interface =
      ip::Interface::Create(std::move(nic), options.configuration, secrets[0])
          .Block();
  if (!interface.ok()) return interface.status();
  absl::StatusOr<EbbRef<Network>> stack =
      StackNetwork::Create(kNetworkId, *interface, {},
                           {.words = {secrets[1], secrets[2]}})
          .Block();
  if (!stack.ok()) return stack.status();
  return options.dhcp ? GetLease(*interface, secrets[3]) : absl::OkStatus();
}

}  // namespace ebbrt
