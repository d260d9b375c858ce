// A datagram socket of the memory network.
//
// Cores: its own. Ownership: of who opened it; it may outlive its network, and
// then sends nothing. Bound: kDatagramsMax (core/net/memory_network.h).
// Source: RFC 768.
#ifndef EBBRT_CORE_NET_MEMORY_UDP_SOCKET_H_
#define EBBRT_CORE_NET_MEMORY_UDP_SOCKET_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/endpoint.h"
#include "core/net/memory_core.h"
#include "core/net/network.h"

namespace ebbrt::internal {

class MemoryUdpSocket final : public UdpSocket {
 public:
  MemoryUdpSocket(MemoryNetwork& network, uint64_t key, const Endpoint& local,
                  UdpReceiver receiver)
      : network_(&network),
        key_(key),
        local_(local),
        receiver_(std::make_shared<UdpReceiver>(std::move(receiver))) {}
  ~MemoryUdpSocket() override {
    if (network_ != nullptr) network_->CloseUdp(key_, local_);
  }

  absl::Status SendTo(const Endpoint& to, IOBufChain datagram) override {
    if (network_ == nullptr) return absl::CancelledError("the node ends");
    return network_->SendDatagram(local_, to, std::move(datagram));
  }
  const Endpoint& local() const override { return local_; }

  void Receive(MemoryDatagram datagram) {
    // The receiver may close the socket.
    std::shared_ptr<UdpReceiver> receiver = receiver_;
    (*receiver)(datagram.from, std::move(datagram.data));
  }
  void OnNetworkGone() { network_ = nullptr; }

 private:
  MemoryNetwork* network_;
  const uint64_t key_;
  const Endpoint local_;
  const std::shared_ptr<UdpReceiver> receiver_;
};

}  // namespace ebbrt::internal

#endif  // EBBRT_CORE_NET_MEMORY_UDP_SOCKET_H_
