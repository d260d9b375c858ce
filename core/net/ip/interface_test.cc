// Interfaces on a cable: neighbours, echoes, datagrams, fragments, cores.
#include "core/net/ip/interface.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/async/combinators.h"
#include "core/net/ip/testing.h"
#include "core/net/link/cable.h"
#include "core/net/network_testing.h"
#include "core/net/wire/icmp.h"
#include "core/net/wire/ipv4.h"
#include "core/net/wire/udp.h"
#include "core/testing/run_on_cores.h"

namespace ebbrt::ip {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AddressOf;
using testing::Await;
using testing::Bytes;
using testing::MakeInterface;
using testing::Pattern;
using testing::RunOnCores;

std::unique_ptr<UdpSocket> Open(EbbRef<Interface> interface, Endpoint local,
                                UdpReceiver receiver) {
  auto socket = interface->udp().Open(local, std::move(receiver));
  EBBRT_CHECK(socket.ok());
  return *std::move(socket);
}

Endpoint At(uint8_t number, uint16_t port) {
  return {AddressOf(number).ToIpAddress(), port};
}

TEST(Interface, AnswersEchoes) {
  RunOnCores(1, [] {
    Cable cable;
    auto a = MakeInterface(cable, 1, {.delay = milliseconds(3)});
    MakeInterface(cable, 2, {.delay = milliseconds(5)});
    for (size_t bytes : {0, 1, 56, 1472, 1473, 20000}) {
      auto time = a->Ping(AddressOf(2), bytes, seconds(5)).Block();
      ASSERT_TRUE(time.ok()) << time.status() << " " << bytes;
      EXPECT_GE(*time, milliseconds(8));
    }
    EXPECT_TRUE(a->Ping(AddressOf(1), 100, seconds(1)).Block().ok());
    EXPECT_TRUE(a->Ping(Ipv4Address(127, 0, 0, 1), 9, seconds(1)).Block().ok());
  });
}

TEST(Interface, GivesUpOnWhoIsNotThere) {
  RunOnCores(1, [] {
    Cable cable;
    auto a = MakeInterface(cable, 1);
    auto missing = a->Ping(AddressOf(9), 10, seconds(5)).Block();
    EXPECT_EQ(missing.status().code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_EQ(a->counters().unresolved, 1u);
    auto far = a->Ping(Ipv4Address(8, 8, 8, 8), 10, seconds(1)).Block();
    EXPECT_EQ(far.status().code(), absl::StatusCode::kUnavailable);
  });
}

TEST(Interface, FindsOutWhetherAnAddressIsTaken) {
  RunOnCores(1, [] {
    Cable cable;
    auto a = MakeInterface(cable, 1);
    MakeInterface(cable, 2);
    auto taken = a->IsTaken(AddressOf(2)).Block();
    ASSERT_TRUE(taken.ok());
    EXPECT_TRUE(*taken);
    auto is_free = a->IsTaken(AddressOf(3)).Block();
    ASSERT_TRUE(is_free.ok());
    EXPECT_FALSE(*is_free);
  });
}

// Datagrams of all lengths, there and back, and what is between.
void EchoDatagrams(const CableOptions& options) {
  Cable cable;
  auto a = MakeInterface(cable, 1, options);
  auto b = MakeInterface(cable, 2, options);
  std::unique_ptr<UdpSocket> server;
  server = Open(b, At(2, 7), [&](const Endpoint& from, IOBufChain datagram) {
    EXPECT_TRUE(server->SendTo(from, std::move(datagram)).ok());
  });
  std::string answer;
  auto client = Open(a, {}, [&](const Endpoint& from, IOBufChain datagram) {
    EXPECT_EQ(from, At(2, 7));
    answer = datagram.ToString();
  });
  Random random(testing::Seed());
  for (size_t bytes : {1, 2, 17, 21, 22, 23, 1471, 1472, 1473, 2952, 2953,
                       9001, 65507}) {
    const std::string text = Pattern(bytes, 0, bytes);
    IOBufChain datagram;
    for (size_t at = 0; at < bytes;) {
      const size_t piece = std::min(bytes - at, 1 + random.Below(bytes));
      datagram.Append(Bytes(text.substr(at, piece)));
      at += piece;
    }
    answer.clear();
    ASSERT_TRUE(client->SendTo(At(2, 7), std::move(datagram)).ok());
    ASSERT_TRUE(Await([&] { return !answer.empty(); })) << bytes;
    EXPECT_TRUE(answer == text) << bytes;
  }
}

TEST(Interface, CarriesDatagrams) {
  RunOnCores(1, [] { EchoDatagrams({}); });
}
TEST(Interface, CarriesDatagramsWithChecksumsOfTheDevice) {
  RunOnCores(1, [] { EchoDatagrams({.transmit_checksum = true}); });
}
TEST(Interface, CarriesDatagramsOnASmallLink) {
  RunOnCores(1, [] { EchoDatagrams({.mtu = 600}); });
}
TEST(Interface, CarriesDatagramsBetweenCores) {
  for (uint32_t queues : {1, 2, 3}) {
    RunOnCores(3, [queues] { EchoDatagrams({.queue_count = queues}); });
  }
}

// Whether each answer was right and came to the core that asked.
Future<bool> AskTwentyTimes(EbbRef<Interface> interface, uint16_t port) {
  const CoreId core = Platform::CurrentCore();
  std::string sent;
  std::string answer;
  bool home = true;
  auto client = Open(interface, {}, [&](const Endpoint&, IOBufChain data) {
    home = home && Platform::CurrentCore() == core;
    answer += data.ToString();
  });
  for (int i = 0; i < 20; ++i) {
    const std::string text = std::to_string(i) + ",";
    sent += text;
    EXPECT_TRUE(client->SendTo(At(2, port), Bytes(text)).ok());
    for (int wait = 0; wait < 1000 && answer != sent; ++wait) {
      if (!(co_await Delay(milliseconds(1))).ok()) co_return false;
    }
  }
  co_return answer == sent && home;
}

// A socket on each core of one interface, asked from each core of another.
void EchoOnAllCores(const CableOptions& options) {
  constexpr uint32_t kCores = 3;
  Cable cable;
  auto a = MakeInterface(cable, 1, options);
  auto b = MakeInterface(cable, 2, options);
  auto echo = [b](uint16_t port) {
    auto socket = std::make_shared<std::unique_ptr<UdpSocket>>();
    *socket = Open(b, At(2, port), [socket = socket.get()](
                                       const Endpoint& from, IOBufChain data) {
      EXPECT_TRUE((*socket)->SendTo(from, std::move(data)).ok());
    });
    return socket;
  };
  // One port for all, and one that a single core has.
  std::vector<std::shared_ptr<std::unique_ptr<UdpSocket>>> servers;
  for (uint32_t core = 0; core < kCores; ++core) {
    auto opened = Async(CoreId(core), [echo] { return echo(7); }).Block();
    servers.push_back(*opened);
  }
  servers.push_back(*Async(CoreId(2), [echo] { return echo(8); }).Block());
  for (uint32_t core = 0; core < kCores; ++core) {
    for (uint16_t port : {7, 8}) {
      auto done = Async(CoreId(core), [a, port] {
        return AskTwentyTimes(a, port);
      }).Block();
      ASSERT_TRUE(done.ok());
      EXPECT_TRUE(*done) << "core " << core << " port " << port;
    }
  }
  // Sockets close on their own cores.
  for (uint32_t i = 0; i < servers.size(); ++i) {
    const CoreId core(i < kCores ? i : 2);
    auto closed = Async(core, [server = servers[i]] { server->reset(); });
    EXPECT_TRUE(std::move(closed).Block().ok());
  }
}

TEST(Interface, ServesEachCore) {
  for (uint32_t queues : {1, 2, 3, 8}) {
    RunOnCores(3, [queues] { EchoOnAllCores({.queue_count = queues}); });
  }
}

// An error is taken to the core whose socket sent what it is about.
TEST(Interface, LearnsAPathMtuWhereItIsNeeded) {
  RunOnCores(3, [] {
    Cable cable;
    auto a = MakeInterface(cable, 1);
    auto b = MakeInterface(cable, 2);
    auto client = std::make_shared<std::unique_ptr<UdpSocket>>();
    auto opened = Async(CoreId(2), [a, client] {
      *client = Open(a, At(1, 1000), [](const Endpoint&, IOBufChain) {});
    });
    ASSERT_TRUE(std::move(opened).Block().ok());
    std::unique_ptr<IOBuf> error =
        IOBuf::Create(256, Interface::kHeadroomBytes);
    WriteIcmp({.type = IcmpType::kDestinationUnreachable,
               .code =
                   static_cast<uint8_t>(IcmpUnreachable::kFragmentationNeeded),
               .rest = 1000},
              error->Append(kIcmpHeaderBytes));
    WriteIpv4({.source = AddressOf(1),
               .destination = AddressOf(2),
               .protocol = kProtocolUdp,
               .total_bytes = 1500},
              error->Append(kIpv4HeaderBytes));
    WriteUdp({.source_port = 1000,
              .destination_port = 7,
              .total_bytes = 1480,
              .checksum = 0},
             error->Append(kUdpHeaderBytes));
    OutgoingPacket packet;
    packet.source = AddressOf(2);
    packet.destination = AddressOf(1);
    packet.protocol = kProtocolIcmp;
    packet.checksum_at = kIcmpChecksumOffset;
    ASSERT_TRUE(b->Send(packet, IOBufChain(std::move(error))).ok());
    ASSERT_TRUE(Delay(milliseconds(200)).Block().ok());
    auto mtu = Async(CoreId(2), [a, client] {
      client->reset();
      return a->MtuTo(AddressOf(2));
    });
    EXPECT_EQ(*std::move(mtu).Block(), 1000u);
  });
}

TEST(Interface, TellsWhoeverAsksWhereNobodyListens) {
  RunOnCores(1, [] {
    Cable cable;
    auto a = MakeInterface(cable, 1);
    auto b = MakeInterface(cable, 2);
    auto client = Open(a, {}, [](const Endpoint&, IOBufChain) {});
    for (int i = 0; i < 200; ++i) {
      EXPECT_TRUE(client->SendTo(At(2, 9), Bytes("x")).ok());
    }
    ASSERT_TRUE(Delay(milliseconds(500)).Block().ok());
    // Those that waited for ARP were more than may wait.
    EXPECT_GE(b->counters().no_receiver, 20u);
    EXPECT_GT(b->counters().icmp_limited, 0u);
  });
}

TEST(Interface, BroadcastsReachAllButTheSender) {
  RunOnCores(1, [] {
    Cable cable;
    std::vector<int> received(4);
    std::vector<std::unique_ptr<UdpSocket>> sockets;
    std::vector<EbbRef<Interface>> interfaces;
    for (uint8_t i = 1; i < 4; ++i) {
      interfaces.push_back(MakeInterface(cable, i));
      sockets.push_back(Open(interfaces.back(), {IpAddress(), 67},
                             [&received, i](const Endpoint& from, IOBufChain) {
                               EXPECT_EQ(from, At(1, 67));
                               ++received[i];
                             }));
    }
    for (Ipv4Address to : {kBroadcastV4, Ipv4Address(10, 0, 0, 255)}) {
      EXPECT_TRUE(
          sockets[0]->SendTo({to.ToIpAddress(), 67}, Bytes("hello")).ok());
    }
    ASSERT_TRUE(Delay(milliseconds(100)).Block().ok());
    EXPECT_EQ(received, (std::vector<int>{0, 0, 2, 2}));
  });
}

}  // namespace
}  // namespace ebbrt::ip
