// A datagram socket of the flow network.
//
// Cores: its own. Ownership: of who opened it; it may outlive its network, and
// then sends nothing. Source: RFC 768.
#ifndef EBBRT_PLATFORM_SIM_NETWORK_FLOW_UDP_SOCKET_H_
#define EBBRT_PLATFORM_SIM_NETWORK_FLOW_UDP_SOCKET_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "core/net/network.h"
#include "platform/sim/network/flow_network.h"

namespace ebbrt::platform {

class FlowUdpSocket final : public UdpSocket {
 public:
  FlowUdpSocket(FlowNetwork& network, uint64_t key, const Endpoint& local,
                UdpReceiver receiver)
      : network_(&network),
        key_(key),
        local_(local),
        receiver_(std::make_shared<UdpReceiver>(std::move(receiver))) {}
  ~FlowUdpSocket() override {
    if (network_ != nullptr) network_->CloseUdp(key_, local_);
  }

  absl::Status SendTo(const Endpoint& to, IOBufChain datagram) override {
    if (network_ == nullptr) return absl::CancelledError("the node ends");
    return network_->SendDatagram(local_, to, std::move(datagram));
  }
  const Endpoint& local() const override { return local_; }

  void Receive(const Endpoint& from, IOBufChain data) {
    // The receiver may close the socket.
    std::shared_ptr<UdpReceiver> receiver = receiver_;
    (*receiver)(from, std::move(data));
  }
  void OnNetworkGone() { network_ = nullptr; }

 private:
  FlowNetwork* network_;
  const uint64_t key_;
  const Endpoint local_;
  const std::shared_ptr<UdpReceiver> receiver_;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_NETWORK_FLOW_UDP_SOCKET_H_
