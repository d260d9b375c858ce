// The flow network between nodes: what links and faults do to connections.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "core/async/combinators.h"
#include "core/event/event_loop.h"
#include "core/event/timer.h"
#include "core/net/install_network.h"
#include "core/net/network.h"
#include "core/net/network_testing.h"
#include "core/testing/seed.h"
#include "platform/current.h"
#include "platform/sim/network/addresses.h"
#include "platform/sim/network/exchange.h"
#include "platform/sim/network/two_nodes.h"

namespace ebbrt::platform {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::ebbrt::testing::Bytes;
using ::ebbrt::testing::Pattern;

struct Exchange {
  explicit Exchange(std::string text_in, const LinkOptions& link = {})
      : text(std::move(text_in)),
        nodes(testing::Seed(), link, Serve, [this] {
          ASSERT_TRUE(InstallNetwork("").ok());
          network->ConnectTcp(kServer,
                              std::make_unique<Client>(ended, text));
        }) {}

  const std::string text;
  Ended ended;
  TwoNodes nodes;
};

TEST(FlowNetwork, CarriesAStreamBetweenNodes) {
  Exchange exchange(Pattern(1, 0, 1 << 20));
  EXPECT_EQ(exchange.nodes.Run(), 0);
  EXPECT_TRUE(exchange.ended.status.ok()) << exchange.ended.status;
  EXPECT_TRUE(exchange.ended.received == exchange.text);
}

TEST(FlowNetwork, TakesTheTimeOfItsLinks) {
  LinkOptions link;
  link.rate_bps = 1e9;
  link.delay = microseconds(100);
  Exchange exchange(Pattern(1, 0, 1 << 20), link);
  EXPECT_EQ(exchange.nodes.Run(), 0);
  // There and back, over two links each, and the bytes once at the rate at
  // least; the way back overlaps.
  EXPECT_GE(exchange.ended.connected.time_since_epoch(), microseconds(400));
  EXPECT_LT(exchange.ended.connected.time_since_epoch(), microseconds(420));
  Duration took = exchange.ended.ended - exchange.ended.connected;
  EXPECT_GE(took, microseconds((1 << 20) * 8 / 1000));
  // A window of 64 KiB takes 0.5 ms of a round that takes 0.4 ms and more.
  EXPECT_LE(took, milliseconds(40));
}

TEST(FlowNetwork, AStreamLosesNothingToFaults) {
  LinkOptions link;
  link.faults = {.loss = 0.05,
                 .duplicate = 0.05,
                 .corrupt = 0.05,
                 .reorder = 0.2};
  Exchange exchange(Pattern(2, 0, 1 << 20), link);
  EXPECT_EQ(exchange.nodes.Run(), 0);
  EXPECT_TRUE(exchange.ended.status.ok()) << exchange.ended.status;
  EXPECT_TRUE(exchange.ended.received == exchange.text);
}

TEST(FlowNetwork, OutlivesALinkThatIsDownForAWhile) {
  LinkOptions link;
  link.rate_bps = 1e8;
  Exchange exchange(Pattern(3, 0, 1 << 20), link);
  Link& down = exchange.nodes.fabric.topology().DownLink(0);
  exchange.nodes.At(milliseconds(20), [&down] { down.up = false; });
  exchange.nodes.At(seconds(2), [&down] { down.up = true; });
  EXPECT_EQ(exchange.nodes.Run(), 0);
  EXPECT_TRUE(exchange.ended.status.ok()) << exchange.ended.status;
  EXPECT_TRUE(exchange.ended.received == exchange.text);
  EXPECT_GT(exchange.ended.ended, Time(seconds(2) - milliseconds(1)));
}

TEST(FlowNetwork, GivesUpWhereNothingArrives) {
  Exchange exchange("lost");
  TwoNodes& nodes = exchange.nodes;
  nodes.At(Duration(1), [&nodes] {
    nodes.fabric.Partition({&nodes.server_node});
  });
  EXPECT_EQ(nodes.Run(), 0);
  EXPECT_TRUE(absl::IsDeadlineExceeded(exchange.ended.status))
      << exchange.ended.status;
  EXPECT_GT(exchange.ended.ended, Time(seconds(100)));
}

TEST(FlowNetwork, AServerThatCrashesAndRestartsResetsItsOldConnections) {
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
}

// Takes what comes, and says nothing.
class Mute final : public TcpHandler {
 public:
  // Where its end is told.
  explicit Mute(absl::Status* status = nullptr) : status_(status) {}
  void OnConnected(TcpConnection&) override {}
  void OnReceive(IOBufChain) override {}
  void OnPeerClosed() override {}
  void OnClosed(const absl::Status& status) override {
    if (status_ != nullptr) *status_ = status;
  }

 private:
  absl::Status* const status_;
};

TEST(FlowNetwork, APeerThatDiesIsMissedAfterAWhile) {
  Ended ended;
  TwoNodes nodes(
      testing::Seed(), {},
      [] {
        ASSERT_TRUE(InstallNetwork("flow").ok());
        auto bound = ListenTcpOnAllCores(
            {IpAddress(), kPort},
            [](const Endpoint&) { return std::make_unique<Mute>(); });
        ASSERT_TRUE(std::move(bound).Block().ok());
      },
      [&ended] {
        ASSERT_TRUE(InstallNetwork("").ok());
        network->ConnectTcp(kServer,
                            std::make_unique<Client>(ended, "question"));
      });
  // The question has long been taken, and nothing more is sent.
  nodes.At(seconds(1), [&nodes] {
    nodes.simulation.Crash(nodes.server_node);
  });
  EXPECT_EQ(nodes.Run(), 0);
  EXPECT_TRUE(absl::IsDeadlineExceeded(ended.status)) << ended.status;
  EXPECT_GE(nodes.simulation.now(),
            Time(seconds(1) + nodes.world->options().keep_alive));
}

// Connects, and gives up a second later.
class Fickle final : public TcpHandler {
 public:
  void OnConnected(TcpConnection& connection) override {
    gives_up_ = std::make_unique<Timer>([&connection] { connection.Abort(); });
    gives_up_->SetAfter(seconds(1));
  }
  void OnReceive(IOBufChain) override {}
  void OnPeerClosed() override {}
  void OnClosed(const absl::Status&) override {}

 private:
  std::unique_ptr<Timer> gives_up_;
};

TEST(FlowNetwork, AnEndMissesAPeerWhoseResetIsLost) {
  absl::Status status;
  TwoNodes nodes(
      testing::Seed(), {},
      [&status] {
        ASSERT_TRUE(InstallNetwork("flow").ok());
        auto bound =
            ListenTcpOnAllCores({IpAddress(), kPort}, [&](const Endpoint&) {
              return std::make_unique<Mute>(&status);
            });
        ASSERT_TRUE(std::move(bound).Block().ok());
      },
      [] {
        ASSERT_TRUE(InstallNetwork("").ok());
        network->ConnectTcp(kServer, std::make_unique<Fickle>());
        EXPECT_TRUE(Delay(seconds(30)).Block().ok());
        Exit(0);
      });
  nodes.At(milliseconds(500), [&nodes] {
    nodes.fabric.Partition({&nodes.server_node});
  });
  EXPECT_EQ(nodes.Run(), 0);
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
}

TEST(FlowNetwork, WhatANodeDidNotServeBeforeItsEndIsSentAgain) {
  Ended ended;
  const std::string text = "hello";
  bool was_busy = false;
  TwoNodes nodes(
      testing::Seed(), {},
      [&was_busy] {
        Serve();
        if (std::exchange(was_busy, true)) return;
        // Busy while the client asks to connect, on all cores.
        for (uint32_t i = 0; i < Platform::CoreCount(); ++i) {
          SpawnOn(CoreId(i), [] { Sim::Charge(milliseconds(10)); });
        }
      },
      [&] {
        ASSERT_TRUE(InstallNetwork("").ok());
        network->ConnectTcp(kServer, std::make_unique<Client>(ended, text));
      });
  nodes.At(milliseconds(3), [&nodes] {
    nodes.simulation.Crash(nodes.server_node);
  });
  nodes.At(milliseconds(5), [&nodes] {
    nodes.simulation.Boot(nodes.server_node);
  });
  EXPECT_EQ(nodes.Run(), 0);
  EXPECT_TRUE(ended.status.ok()) << ended.status;
  EXPECT_EQ(ended.received, text);
}

TEST(FlowNetwork, RefusesWhereNobodyListens) {
  Ended ended;
  TwoNodes nodes(testing::Seed(), {}, Serve, [&ended] {
    ASSERT_TRUE(InstallNetwork("").ok());
    network->ConnectTcp({SimAddressOf(0), 99},
                        std::make_unique<Client>(ended, "x"));
  });
  EXPECT_EQ(nodes.Run(), 0);
  EXPECT_TRUE(absl::IsUnavailable(ended.status)) << ended.status;
}

TEST(FlowNetwork, ASeedIsOneHistory) {
  LinkOptions link;
  link.faults = {.loss = 0.02, .reorder = 0.1};
  uint64_t histories[2];
  for (uint64_t& history : histories) {
    Exchange exchange(Pattern(5, 0, 1 << 18), link);
    EXPECT_EQ(exchange.nodes.Run(), 0);
    history = exchange.nodes.simulation.history();
  }
  EXPECT_EQ(histories[0], histories[1]);
}

// Two senders to one receiver share its link.
TEST(FlowNetwork, DatagramsBeyondABufferAreDropped) {
  LinkOptions link;
  link.rate_bps = 1e8;
  link.buffer_bytes = 10'000;
  int received = 0;
  std::unique_ptr<UdpSocket> sink;
  constexpr int kSent = 100;
  TwoNodes nodes(
      testing::Seed(), link,
      [&] {
        ASSERT_TRUE(InstallNetwork("").ok());
        auto socket = network->OpenUdp(
            {IpAddress(), kPort},
            [&received](const Endpoint&, IOBufChain) { ++received; });
        ASSERT_TRUE(socket.ok());
        sink = *std::move(socket);
      },
      [] {
        ASSERT_TRUE(InstallNetwork("").ok());
        auto socket = network->OpenUdp({IpAddress(), 0},
                                       [](const Endpoint&, IOBufChain) {});
        ASSERT_TRUE(socket.ok());
        for (int i = 0; i < kSent; ++i) {
          EXPECT_TRUE(
              (*socket)->SendTo(kServer, Bytes(std::string(1000, 'x'))).ok());
        }
        EXPECT_TRUE(Delay(seconds(1)).Block().ok());
        Exit(0);
      });
  EXPECT_EQ(nodes.Run(), 0);
  EXPECT_GE(received, 10);
  EXPECT_LE(received, 12);
  EXPECT_EQ(nodes.fabric.topology().UpLink(1).lost,
            static_cast<uint64_t>(kSent - received));
}

}  // namespace
}  // namespace ebbrt::platform
