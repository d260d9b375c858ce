#include "platform/absent_network.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/ebb/ebb.h"
#include "core/event/event.h"
#include "core/net/network.h"

namespace ebbrt::platform {
namespace {

class AbsentNetwork final : public Network {
 public:
  explicit AbsentNetwork(const std::string& why)
      : error_(absl::UnavailableError(why)) {}

  absl::StatusOr<Endpoint> ListenTcp(const Endpoint&, TcpAcceptor) override {
    return error_;
  }
  void StopListeningTcp(const Endpoint&) override {}
  void ConnectTcp(const Endpoint&,
                  std::unique_ptr<TcpHandler> handler) override {
    Spawn([handler = std::move(handler), error = error_] {
      handler->OnClosed(error);
    });
  }
  absl::StatusOr<std::unique_ptr<UdpSocket>> OpenUdp(const Endpoint&,
                                                     UdpReceiver) override {
    return error_;
  }

 private:
  const absl::Status error_;
};

}  // namespace

void InstallAbsentNetwork(std::string why) {
  CreatePerCoreEbb<Network>(kNetworkId, [why = std::move(why)] {
    return std::make_unique<AbsentNetwork>(why);
  });
}

}  // namespace ebbrt::platform
