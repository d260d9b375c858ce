// What has come for a core that is at work: read at once, or one message after
// the other.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "core/event/event_loop.h"
#include "core/event/node.h"
#include "core/event/timer.h"
#include "core/net/install_network.h"
#include "core/net/network.h"
#include "core/net/network_testing.h"
#include "core/testing/seed.h"
#include "platform/sim/network/addresses.h"
#include "platform/sim/network/two_nodes.h"
#include "platform/sim/sim.h"

namespace ebbrt::platform {
namespace {

using ::ebbrt::testing::Bytes;
using Strings = std::vector<std::string>;

constexpr uint16_t kPort = 7;
const Endpoint kServer = {SimAddressOf(0), kPort};

// Is at work for a millisecond after each message; closes with its peer.
class Slow final : public TcpHandler {
 public:
  explicit Slow(Strings& received) : received_(received) {}
  void OnConnected(TcpConnection& connection) override {
    connection_ = &connection;
  }
  void OnReceive(IOBufChain data) override {
    received_.push_back(data.ToString());
    Sim::Charge(std::chrono::milliseconds(1));
  }
  void OnPeerClosed() override { connection_->Close(); }
  void OnClosed(const absl::Status& status) override {
    EXPECT_TRUE(status.ok()) << status;
  }

 private:
  Strings& received_;
  TcpConnection* connection_ = nullptr;
};

// Sends "a", "b", "c", "d", ten microseconds apart.
class Sender final : public TcpHandler {
 public:
  void OnConnected(TcpConnection& connection) override {
    connection_ = &connection;
    SendNext();
  }
  void OnReceive(IOBufChain) override { ADD_FAILURE(); }
  void OnPeerClosed() override {}
  void OnClosed(const absl::Status& status) override {
    EXPECT_TRUE(status.ok()) << status;
    Exit(0);
  }

 private:
  void SendNext() {
    if (next_ == 'e') {
      connection_->Close();
      return;
    }
    IOBufChain message = Bytes(std::string(1, next_++));
    EXPECT_EQ(connection_->Send(message), 1u);
    timer_.SetAfter(std::chrono::microseconds(10));
  }

  char next_ = 'a';
  TcpConnection* connection_ = nullptr;
  Timer timer_{[this] { SendNext(); }};
};

Strings Received(bool reads_at_once) {
  Strings received;
  TwoNodes nodes(
      testing::Seed(), {},
      [&received] {
        ASSERT_TRUE(InstallNetwork("flow").ok());
        ASSERT_TRUE(network
                        ->ListenTcp({IpAddress(), kPort},
                                    [&received](const Endpoint&) {
                                      return std::make_unique<Slow>(received);
                                    })
                        .ok());
      },
      [] {
        ASSERT_TRUE(InstallNetwork("").ok());
        network->ConnectTcp(kServer, std::make_unique<Sender>());
      },
      FlowOptions{.reads_at_once = reads_at_once});
  EXPECT_EQ(nodes.Run(), 0);
  return received;
}

TEST(FlowReading, WhatHasComeForABusyCoreIsReadAtOnce) {
  EXPECT_EQ(Received(true), Strings({"a", "bcd"}));
}

TEST(FlowReading, OrOneMessageAfterTheOther) {
  EXPECT_EQ(Received(false), Strings({"a", "b", "c", "d"}));
}

}  // namespace
}  // namespace ebbrt::platform
