// Our own stack over the NICs of two simulated nodes: what links and faults do
// to its connections.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "core/async/combinators.h"
#include "core/event/event_loop.h"
#include "core/net/install_network.h"
#include "core/net/network.h"
#include "core/net/network_testing.h"
#include "core/testing/seed.h"
#include "platform/current.h"
#include "platform/sim/network/addresses.h"
#include "platform/sim/network/exchange.h"
#include "platform/sim/network/two_nodes.h"
#include "platform/sim/nic/sim_nic.h"

namespace ebbrt::platform {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::ebbrt::testing::Bytes;
using ::ebbrt::testing::Pattern;

void Connect(Ended& ended, const std::string& text) {
  ASSERT_TRUE(InstallNetwork("packet").ok());
  network->ConnectTcp(kServer, std::make_unique<Client>(ended, text));
}

struct Exchange {
  explicit Exchange(std::string text_in, const LinkOptions& link = {})
      : text(std::move(text_in)),
        nodes(testing::Seed(), link, Serve, [this] { Connect(ended, text); },
              std::nullopt),
        nics(nodes.simulation, nodes.fabric) {}

  // Whether the client got back what it sent.
  bool Succeeds() {
    EXPECT_EQ(nodes.Run(), 0);
    EXPECT_TRUE(ended.status.ok()) << ended.status;
    return ended.received == text;
  }

  const std::string text;
  Ended ended;
  TwoNodes nodes;
  NicWorld nics;
};

TEST(PacketNetwork, CarriesAStreamBetweenNodes) {
  Exchange exchange(Pattern(1, 0, 1 << 20));
  EXPECT_TRUE(exchange.Succeeds());
  // There and back, in frames of at most 1448 bytes of the stream each.
  EXPECT_GT(exchange.nics.sent(), 2u * (1 << 20) / 1448);
  // The server's first announcement, which nobody was there to hear.
  EXPECT_EQ(exchange.nics.dropped(), 1u);
}

TEST(PacketNetwork, TakesTheTimeOfItsLinks) {
  LinkOptions link;
  link.rate_bps = 1e9;
  link.delay = microseconds(100);
  Exchange exchange(Pattern(1, 0, 1 << 20), link);
  EXPECT_TRUE(exchange.Succeeds());
  // There and back over two links each, once for the address and once for the
  // connection.
  EXPECT_GE(exchange.ended.connected.time_since_epoch(), microseconds(800));
  EXPECT_LT(exchange.ended.connected.time_since_epoch(), microseconds(830));
  Duration took = exchange.ended.ended - exchange.ended.connected;
  EXPECT_GE(took, microseconds((1 << 20) * 8 / 1000));
  // The window has to grow first.
  EXPECT_LE(took, milliseconds(40));
}

// What is damaged on its way arrives, and only checksums tell.
TEST(PacketNetwork, AStreamLosesNothingToFaults) {
  LinkOptions link;
  link.faults = {.loss = 0.01,
                 .duplicate = 0.02,
                 .corrupt = 0.02,
                 .reorder = 0.05};
  Exchange exchange(Pattern(2, 0, 1 << 19), link);
  EXPECT_TRUE(exchange.Succeeds());
  Topology& links = exchange.nodes.fabric.topology();
  EXPECT_GT(links.UpLink(0).lost + links.DownLink(0).lost +
                links.UpLink(1).lost + links.DownLink(1).lost,
            0u);
}

TEST(PacketNetwork, OutlivesALinkThatIsDownForAWhile) {
  LinkOptions link;
  link.rate_bps = 1e8;
  Exchange exchange(Pattern(3, 0, 1 << 20), link);
  Fabric& fabric = exchange.nodes.fabric;
  exchange.nodes.At(milliseconds(20), [&] { fabric.SetLinkUp(0, false); });
  exchange.nodes.At(seconds(2), [&] { fabric.SetLinkUp(0, true); });
  EXPECT_TRUE(exchange.Succeeds());
  EXPECT_GT(exchange.ended.ended, Time(seconds(2) - milliseconds(1)));
}

TEST(PacketNetwork, MissesAnAddressThatNobodyAnswersFor) {
  Exchange exchange("lost");
  TwoNodes& nodes = exchange.nodes;
  nodes.At(Duration(1), [&nodes] {
    nodes.fabric.Partition({&nodes.server_node});
  });
  EXPECT_EQ(nodes.Run(), 0);
  EXPECT_TRUE(absl::IsUnavailable(exchange.ended.status))
      << exchange.ended.status;
}

TEST(PacketNetwork, GivesUpWhereNothingArrives) {
  LinkOptions link;
  link.rate_bps = 1e8;
  Exchange exchange(Pattern(3, 0, 1 << 20), link);
  TwoNodes& nodes = exchange.nodes;
  nodes.At(milliseconds(20), [&nodes] {
    nodes.fabric.Partition({&nodes.server_node});
  });
  EXPECT_EQ(nodes.Run(), 0);
  EXPECT_FALSE(exchange.ended.status.ok());
  EXPECT_GT(exchange.ended.ended, Time(seconds(1)));
}

TEST(PacketNetwork, AServerThatCrashesAndRestartsResetsItsOldConnections) {
  LinkOptions link;
  link.rate_bps = 1e8;
  Exchange exchange(Pattern(4, 0, 1 << 20), link);
  TwoNodes& nodes = exchange.nodes;
  nodes.At(milliseconds(20), [&nodes] {
    nodes.simulation.Crash(nodes.server_node);
  });
  nodes.At(milliseconds(50), [&nodes] {
    nodes.simulation.Boot(nodes.server_node);
  });
  EXPECT_EQ(nodes.Run(), 0);
  EXPECT_TRUE(absl::IsUnavailable(exchange.ended.status))
      << exchange.ended.status;
  EXPECT_EQ(nodes.server.codes.front(), Sim::kCrashExitCode);
  EXPECT_GT(exchange.nics.dropped(), 0u) << "frames to who was down";
}

// In each of its lives it has a stack of its own, and is reached again.
TEST(PacketNetwork, ANodeComesBackWithAFreshStack) {
  const std::string text = Pattern(6, 0, 1 << 16);
  Ended ended;
  TwoNodes nodes(
      testing::Seed(), {}, Serve,
      [&] {
        EXPECT_TRUE(Delay(milliseconds(30)).Block().ok());
        Connect(ended, text);
      },
      std::nullopt);
  NicWorld nics(nodes.simulation, nodes.fabric);
  for (int life = 0; life < 10; ++life) {
    nodes.At(milliseconds(2 + 2 * life), [&nodes] {
      nodes.simulation.Crash(nodes.server_node);
    });
    nodes.At(milliseconds(3 + 2 * life), [&nodes] {
      nodes.simulation.Boot(nodes.server_node);
    });
  }
  EXPECT_EQ(nodes.Run(), 0);
  EXPECT_TRUE(ended.status.ok()) << ended.status;
  EXPECT_TRUE(ended.received == text);
}

TEST(PacketNetwork, RefusesWhereNobodyListens) {
  Ended ended;
  TwoNodes nodes(
      testing::Seed(), {}, Serve,
      [&ended] {
        ASSERT_TRUE(InstallNetwork("").ok());
        network->ConnectTcp({SimAddressOf(0), kPort + 1},
                            std::make_unique<Client>(ended, "x"));
      },
      std::nullopt);
  NicWorld nics(nodes.simulation, nodes.fabric);
  EXPECT_EQ(nodes.Run(), 0);
  EXPECT_TRUE(absl::IsUnavailable(ended.status)) << ended.status;
}

TEST(PacketNetwork, ConnectionsComeToAllCoresThatListen) {
  std::set<uint32_t> cores;
  Ended ended;
  TwoNodes nodes(
      testing::Seed(), {},
      [&cores] {
        ASSERT_TRUE(InstallNetwork("").ok());
        auto bound = ListenTcpOnAllCores(
            {IpAddress(), kPort}, [&cores](const Endpoint&) {
              cores.insert(Platform::CurrentCore().index());
              return std::make_unique<Echo>();
            });
        ASSERT_TRUE(std::move(bound).Block().ok());
      },
      [&ended] {
        ASSERT_TRUE(InstallNetwork("").ok());
        for (int i = 0; i < 32; ++i) {
          network->ConnectTcp(kServer, std::make_unique<Client>(ended, "x"));
        }
      },
      std::nullopt);
  NicWorld nics(nodes.simulation, nodes.fabric);
  EXPECT_EQ(nodes.Run(), 0);
  EXPECT_EQ(cores, (std::set<uint32_t>{0, 1}));
}

// Opens a socket, does something, and closes it again some time later.
void WithSocket(UdpReceiver receiver,
                const std::function<void(UdpSocket&)>& does, Duration time) {
  ASSERT_TRUE(InstallNetwork("").ok());
  auto socket = network->OpenUdp({IpAddress(), kPort}, std::move(receiver));
  ASSERT_TRUE(socket.ok()) << socket.status();
  does(**socket);
  EXPECT_TRUE(Delay(time).Block().ok());
}

TEST(PacketNetwork, CarriesDatagrams) {
  std::string received;
  const std::string text = Pattern(7, 0, 4000);  // Three fragments.
  TwoNodes nodes(
      testing::Seed(), {},
      [&received] {
        WithSocket([&received](const Endpoint&, IOBufChain datagram) {
          received = datagram.ToString();
        }, [](UdpSocket&) {}, milliseconds(8));
      },
      [&text] {
        WithSocket([](const Endpoint&, IOBufChain) {},
                   [&text](UdpSocket& socket) {
                     EXPECT_TRUE(socket.SendTo(kServer, Bytes(text)).ok());
                   },
                   milliseconds(10));
        Exit(0);
      },
      std::nullopt);
  NicWorld nics(nodes.simulation, nodes.fabric);
  EXPECT_EQ(nodes.Run(), 0);
  EXPECT_TRUE(received == text);
}

TEST(PacketNetwork, ASeedIsOneHistory) {
  LinkOptions link;
  link.faults = {.loss = 0.02, .corrupt = 0.02, .reorder = 0.1};
  uint64_t histories[2];
  for (uint64_t& history : histories) {
    Exchange exchange(Pattern(5, 0, 1 << 17), link);
    EXPECT_TRUE(exchange.Succeeds());
    history = exchange.nodes.simulation.history();
  }
  EXPECT_EQ(histories[0], histories[1]);
}

TEST(PacketNetwork, AnotherNetworkThanTheSimulationsIsRefused) {
  absl::Status status;
  TwoNodes nodes(
      testing::Seed(), {}, [] {},
      [&status] {
        status = InstallNetwork("flow");
        Exit(0);
      },
      std::nullopt);
  NicWorld nics(nodes.simulation, nodes.fabric);
  EXPECT_EQ(nodes.Run(), 0);
  EXPECT_EQ(status.message(),
            "network: found \"flow\", expected \"packet\" or \"memory\"");
}

}  // namespace
}  // namespace ebbrt::platform
