// Connections that come and go, one in the place of another.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "core/event/node.h"
#include "core/net/install_network.h"
#include "core/net/network.h"
#include "core/net/network_testing.h"
#include "core/testing/seed.h"
#include "platform/sim/network/addresses.h"
#include "platform/sim/network/two_nodes.h"

namespace ebbrt::platform {
namespace {

using ::ebbrt::testing::Bytes;

constexpr uint16_t kPort = 7;
const Endpoint kServer = {SimAddressOf(0), kPort};

// What became of a connection.
struct Ended {
  std::string received;
  absl::Status status = absl::UnknownError("it has not ended");
};

// Hears one byte, closes, and ends the node.
class Listener final : public TcpHandler {
 public:
  explicit Listener(Ended& ended) : ended_(ended) {}
  void OnConnected(TcpConnection& connection) override {
    connection_ = &connection;
  }
  void OnReceive(IOBufChain data) override {
    ended_.received += data.ToString();
    connection_->Close();
  }
  void OnPeerClosed() override {}
  void OnClosed(const absl::Status& status) override {
    ended_.status = status;
    Exit(0);
  }

 private:
  Ended& ended_;
  TcpConnection* connection_ = nullptr;
};

// Says something as soon as it is connected.
class Greeter final : public TcpHandler {
 public:
  explicit Greeter(std::string text) : text_(std::move(text)) {}
  void OnConnected(TcpConnection& connection) override {
    connection_ = &connection;
    IOBufChain greeting = Bytes(text_);
    connection.Send(greeting);
  }
  void OnReceive(IOBufChain) override {}
  void OnPeerClosed() override { connection_->Close(); }
  void OnClosed(const absl::Status&) override {}

 private:
  const std::string text_;
  TcpConnection* connection_ = nullptr;
};

// Gives up as soon as it is connected, and has something done after that.
class Quitter final : public TcpHandler {
 public:
  explicit Quitter(std::function<void()> then) : then_(std::move(then)) {}
  void OnConnected(TcpConnection& connection) override { connection.Abort(); }
  void OnReceive(IOBufChain) override { ADD_FAILURE(); }
  void OnPeerClosed() override {}
  void OnClosed(const absl::Status&) override { then_(); }

 private:
  const std::function<void()> then_;
};

// The first greeting is under way when the second connection takes the place of
// the one that it is for.
TEST(FlowNetwork, WhatComesTooLateDoesNotReachAnotherConnection) {
  Ended ended;
  int accepted = 0;
  TwoNodes nodes(
      testing::Seed(), {},
      [&accepted] {
        ASSERT_TRUE(InstallNetwork("flow").ok());
        auto bound =
            ListenTcpOnAllCores({IpAddress(), kPort}, [&](const Endpoint&) {
              return std::make_unique<Greeter>(std::to_string(++accepted));
            });
        ASSERT_TRUE(std::move(bound).Block().ok());
      },
      [&ended] {
        ASSERT_TRUE(InstallNetwork("").ok());
        network->ConnectTcp(
            kServer, std::make_unique<Quitter>([&ended] {
              network->ConnectTcp(kServer,
                                  std::make_unique<Listener>(ended));
            }));
      });
  EXPECT_EQ(nodes.Run(), 0);
  EXPECT_TRUE(ended.status.ok()) << ended.status;
  EXPECT_EQ(ended.received, "2");
}

}  // namespace
}  // namespace ebbrt::platform
