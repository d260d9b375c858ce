// The client on a cable, with a server that gives one address.
#include "core/net/dhcp/client.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <utility>

#include "core/async/combinators.h"
#include "core/net/ip/testing.h"
#include "core/net/link/cable.h"
#include "core/testing/run_on_cores.h"
#include "platform/current.h"

namespace ebbrt::dhcp {
namespace {

using std::chrono::seconds;
using testing::AddressOf;
using testing::MacOf;
using testing::MakeInterface;
using testing::RunOnCores;

constexpr uint32_t kLeaseSeconds = 600;

// Offers and acknowledges 10.0.0.`give`, from 10.0.0.1.
class Server {
 public:
  Server(EbbRef<ip::Interface> interface, uint8_t give) : give_(give) {
    socket_ = *interface->udp().Open(
        {IpAddress(), kDhcpServerPort},
        [this](const Endpoint&, IOBufChain datagram) {
          Answer(std::move(datagram));
        });
  }
  uint8_t give_;
  int declined_ = 0;
  int renewed_ = 0;

 private:
  void Answer(IOBufChain datagram) {
    auto message = ParseDhcp({datagram.Coalesce(datagram.length()),
                              datagram.length()});
    ASSERT_TRUE(message);
    EXPECT_FALSE(message->is_reply);
    DhcpMessage reply;
    reply.is_reply = true;
    reply.transaction = message->transaction;
    reply.client_mac = message->client_mac;
    reply.yours = AddressOf(give_);
    reply.server = AddressOf(1);
    reply.subnet_mask = Ipv4Address(255, 255, 255, 0);
    reply.lease_seconds = kLeaseSeconds;
    if (message->type == DhcpType::kDecline) {
      ++declined_;
      ++give_;
      return;
    }
    const bool renews = !message->client.unspecified();
    renewed_ += renews;
    reply.type = message->type == DhcpType::kDiscover ? DhcpType::kOffer
                                                      : DhcpType::kAck;
    auto buffer = IOBuf::Create(kDhcpMessageBytes);
    WriteDhcp(reply, buffer->Append(kDhcpMessageBytes));
    const Ipv4Address to = renews ? message->client : kBroadcastV4;
    EXPECT_TRUE(socket_->SendTo({to.ToIpAddress(), kDhcpClientPort},
                                IOBufChain(std::move(buffer)))
                    .ok());
  }
  std::unique_ptr<UdpSocket> socket_;
};

EbbRef<ip::Interface> MakeUnconfigured(Cable& cable, uint8_t number,
                                       uint32_t queue_count) {
  CableOptions options;
  options.address = MacOf(number);
  options.queue_count = queue_count;
  return *ip::Interface::Create(cable.Attach(options), {}, testing::Seed())
              .Block();
}

TEST(DhcpClient, ConfiguresAllCoresAndRenews) {
  for (uint32_t cores : {1, 3}) {
    RunOnCores(cores, [cores] {
      Cable cable;
      auto interface = MakeUnconfigured(cable, 2, cores);
      Server server(MakeInterface(cable, 1), 9);
      auto client = Client::Create(interface, testing::Seed());
      auto lease = client->Start().Block();
      ASSERT_TRUE(lease.ok()) << lease.status();
      EXPECT_EQ(lease->address, AddressOf(9));
      for (uint32_t core = 0; core < cores; ++core) {
        auto time = Async(CoreId(core), [interface] {
          EXPECT_EQ(interface->configuration().address, AddressOf(9));
          return interface->Ping(AddressOf(1), 10, seconds(2));
        }).Block();
        EXPECT_TRUE(time.ok()) << time.status();
      }
      if (!platform::Has(Platform::kFeatures,
                         platform::Feature::kVirtualTime)) {
        return;
      }
      ASSERT_TRUE(Delay(seconds(5 * kLeaseSeconds)).Block().ok());
      EXPECT_GE(server.renewed_, 9);
      EXPECT_EQ(interface->configuration().address, AddressOf(9));
    });
  }
}

TEST(DhcpClient, DeclinesAnAddressThatIsTaken) {
  if (!platform::Has(Platform::kFeatures, platform::Feature::kVirtualTime)) {
    GTEST_SKIP() << "takes half a minute";
  }
  RunOnCores(1, [] {
    Cable cable;
    auto interface = MakeUnconfigured(cable, 2, 1);
    Server server(MakeInterface(cable, 1), 9);
    MakeInterface(cable, 9);
    auto client = Client::Create(interface, testing::Seed());
    auto lease = client->Start().Block();
    ASSERT_TRUE(lease.ok());
    EXPECT_EQ(lease->address, AddressOf(10));
    EXPECT_EQ(server.declined_, 1);
  });
}

}  // namespace
}  // namespace ebbrt::dhcp
