// For platforms that offer applications no network: one that has nobody on it.
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/ebb/ebb.h"
#include "core/event/event.h"
#include "core/net/install_network.h"
#include "core/net/network.h"

namespace ebbrt {
namespace {

absl::Status NoNetworkError() {
  return absl::UnavailableError("this platform has no network");
}

class NoNetwork final : public Network {
 public:
  absl::StatusOr<Endpoint> ListenTcp(const Endpoint&, TcpAcceptor) override {
    return NoNetworkError();
  }
  void StopListeningTcp(const Endpoint&) override {}
  void ConnectTcp(const Endpoint&,
                  std::unique_ptr<TcpHandler> handler) override {
    Spawn([handler = std::move(handler)] {
      handler->OnClosed(NoNetworkError());
    });
  }
  absl::StatusOr<std::unique_ptr<UdpSocket>> OpenUdp(const Endpoint&,
                                                     UdpReceiver) override {
    return NoNetworkError();
  }
};

}  // namespace

std::span<const std::string_view> NetworkNames() { return {}; }

absl::Status InstallNetwork(std::string_view name, const nlohmann::json&) {
  if (!name.empty()) {
    return absl::InvalidArgumentError("network: found \"" + std::string(name) +
                                      "\", but this platform has none");
  }
  CreatePerCoreEbb<Network>(kNetworkId,
                            [] { return std::make_unique<NoNetwork>(); });
  return absl::OkStatus();
}

}  // namespace ebbrt
