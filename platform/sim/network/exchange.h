// For tests: a server that says back what it gets, and a client that compares,
// over whatever network there is between two nodes (two_nodes.h).
//
// Cores: as the network. Errors: failures of the test that runs.
#ifndef EBBRT_PLATFORM_SIM_NETWORK_EXCHANGE_H_
#define EBBRT_PLATFORM_SIM_NETWORK_EXCHANGE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/event/node.h"
#include "core/net/install_network.h"
#include "core/net/network.h"
#include "core/net/network_testing.h"
#include "platform/current.h"
#include "platform/sim/network/addresses.h"

namespace ebbrt::platform {

inline constexpr uint16_t kPort = 7;
inline const Endpoint kServer = {SimAddressOf(0), kPort};

// Says back what it gets.
class Echo final : public TcpHandler {
 public:
  void OnConnected(TcpConnection& connection) override {
    connection_ = &connection;
  }
  void OnReceive(IOBufChain data) override {
    rest_.Append(std::move(data));
    Go();
  }
  void OnSendReady() override { Go(); }
  void OnPeerClosed() override {
    closes_ = true;
    Go();
  }
  void OnClosed(const absl::Status&) override {}

 private:
  void Go() {
    connection_->Send(rest_);
    if (rest_.empty() && closes_) connection_->Close();
  }
  TcpConnection* connection_ = nullptr;
  IOBufChain rest_;
  bool closes_ = false;
};

inline void Serve() {
  ASSERT_TRUE(InstallNetwork("").ok());
  absl::StatusOr<Endpoint> bound =
      ListenTcpOnAllCores({IpAddress(), kPort}, [](const Endpoint&) {
        return std::make_unique<Echo>();
      }).Block();
  ASSERT_TRUE(bound.ok()) << bound.status();
}

// What became of a client's connection.
struct Ended {
  std::string received;
  absl::Status status = absl::UnknownError("it has not ended");
  Time connected{};
  Time ended{};
};

// Sends a text, closes once it has come back, and ends the node.
class Client final : public TcpHandler {
 public:
  Client(Ended& ended, std::string text)
      : ended_(ended),
        rest_(::ebbrt::testing::Bytes(text)),
        bytes_(text.size()) {}

  void OnConnected(TcpConnection& connection) override {
    connection_ = &connection;
    ended_.connected = Platform::Now();
    connection_->Send(rest_);
  }
  void OnReceive(IOBufChain data) override {
    ended_.received += data.ToString();
    if (ended_.received.size() == bytes_) connection_->Close();
  }
  void OnSendReady() override { connection_->Send(rest_); }
  void OnPeerClosed() override {}
  void OnClosed(const absl::Status& status) override {
    ended_.status = status;
    ended_.ended = Platform::Now();
    Exit(0);
  }

 private:
  Ended& ended_;
  IOBufChain rest_;
  const size_t bytes_;
  TcpConnection* connection_ = nullptr;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_NETWORK_EXCHANGE_H_
