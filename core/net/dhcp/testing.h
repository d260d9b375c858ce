// A DHCP server for tests, which has one address to give.
//
// Cores: the one that made it. Ownership: of its socket. Blocks: never.
// Errors: failures of the test that runs.
#ifndef EBBRT_CORE_NET_DHCP_TESTING_H_
#define EBBRT_CORE_NET_DHCP_TESTING_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "core/net/ip/testing.h"
#include "core/net/network.h"
#include "core/net/wire/dhcp.h"

namespace ebbrt::testing {

// Offers and acknowledges 10.0.0.`give`, and refuses to renew another.
class DhcpServer {
 public:
  static constexpr uint32_t kLeaseSeconds = 600;

  // On an interface whose address is 10.0.0.1.
  DhcpServer(EbbRef<ip::Interface> interface, uint8_t give) : give(give) {
    socket_ = *interface->udp().Open(
        {IpAddress(), kDhcpServerPort},
        [this](const Endpoint&, IOBufChain datagram) {
          Answer(std::move(datagram));
        });
  }
  uint8_t give;
  int declined = 0;
  int renewed = 0;
  int refused = 0;

 private:
  void Answer(IOBufChain datagram) {
    auto message = ParseDhcp({datagram.Coalesce(datagram.length()),
                              datagram.length()});
    ASSERT_TRUE(message);
    EXPECT_FALSE(message->is_reply);
    if (message->type == DhcpType::kDecline) {
      ++declined;
      ++give;
      return;
    }
    const bool renews = !message->client.unspecified();
    const bool refuses = renews && message->client != AddressOf(give);
    ++(refuses ? refused : renews ? renewed : asked_);
    DhcpMessage reply;
    reply.is_reply = true;
    reply.transaction = message->transaction;
    reply.client_mac = message->client_mac;
    reply.server = AddressOf(1);
    if (refuses) {
      reply.type = DhcpType::kNak;
    } else {
      reply.type = message->type == DhcpType::kDiscover ? DhcpType::kOffer
                                                        : DhcpType::kAck;
      reply.yours = AddressOf(give);
      reply.subnet_mask = Ipv4Address(255, 255, 255, 0);
      reply.lease_seconds = kLeaseSeconds;
    }
    auto buffer = IOBuf::Create(kDhcpMessageBytes);
    WriteDhcp(reply, buffer->Append(kDhcpMessageBytes));
    const Ipv4Address to = renews ? message->client : kBroadcastV4;
    EXPECT_TRUE(socket_->SendTo({to.ToIpAddress(), kDhcpClientPort},
                                IOBufChain(std::move(buffer)))
                    .ok());
  }

  int asked_ = 0;
  std::unique_ptr<UdpSocket> socket_;
};

// Interface `number` of a cable, which has no address yet.
inline EbbRef<ip::Interface> MakeUnconfigured(Cable& cable, uint8_t number,
                                              uint32_t queue_count) {
  CableOptions options;
  options.address = MacOf(number);
  options.queue_count = queue_count;
  return *ip::Interface::Create(cable.Attach(options), {}, Seed()).Block();
}

}  // namespace ebbrt::testing

#endif  // EBBRT_CORE_NET_DHCP_TESTING_H_
