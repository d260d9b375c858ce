// What tests of networks share: a handler that records what happens to a
// connection, one that echoes, and pairs of connections.
//
// Cores: one; from an event, as the network. Blocks: Await and what waits by
// it. Errors: failures of the test that runs.
#ifndef EBBRT_CORE_NET_NETWORK_TESTING_H_
#define EBBRT_CORE_NET_NETWORK_TESTING_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/async/combinators.h"
#include "core/base/random.h"
#include "core/base/types.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/endpoint.h"
#include "core/net/install_network.h"
#include "core/net/network.h"
#include "core/testing/run_on_cores.h"
#include "platform/current.h"

namespace ebbrt::testing {

inline constexpr Endpoint kAnyPort = {kLoopbackV4, 0};

// Runs a test on a node with the platform's network.
inline void RunWithNetwork(uint32_t core_count, std::function<void()> test) {
  if (NetworkNames().empty()) GTEST_SKIP() << "the platform has no network";
  RunOnCores(core_count, [test = std::move(test)] {
    ASSERT_TRUE(InstallNetwork("").ok());
    test();
  });
}

inline IOBufChain Bytes(std::string_view text) {
  return IOBufChain(IOBuf::CopyOf(text));
}

// Bytes [begin, begin + bytes) of a long stream.
inline std::string Pattern(uint64_t seed, size_t begin, size_t bytes) {
  std::string text(bytes, '\0');
  uint64_t word = 0;
  for (size_t i = 0; i < bytes; ++i) {
    size_t at = begin + i;
    if (i == 0 || at % 8 == 0) word = MixBits(seed + at / 8);
    text[i] = static_cast<char>(word >> at % 8 * 8);
  }
  return text;
}

// Lets other events run until it is so, or for ten seconds.
[[nodiscard]] inline bool Await(const std::function<bool()>& condition) {
  Time until = Platform::Now() + std::chrono::seconds(10);
  while (!condition() && Platform::Now() < until) {
    if (!Delay(std::chrono::microseconds(100)).Block().ok()) return false;
  }
  return condition();
}

// What happened to one end of a connection, and what it does then.
struct End {
  TcpConnection* connection = nullptr;
  std::string received;
  std::vector<std::string> calls;
  absl::Status status = absl::UnknownError("not closed");
  bool closed = false;
  bool destroyed = false;
  std::function<void()> on_connected = [] {};
  std::function<void()> on_receive = [] {};
  std::function<void()> on_send_ready = [] {};
  std::function<void()> on_peer_closed = [] {};

  bool Called(std::string_view name) const {
    return std::find(calls.begin(), calls.end(), name) != calls.end();
  }
};

class RecordingHandler final : public TcpHandler {
 public:
  explicit RecordingHandler(End& end) : end_(end) {}
  ~RecordingHandler() override {
    EXPECT_TRUE(end_.closed);
    end_.destroyed = true;
  }
  void OnConnected(TcpConnection& connection) override {
    end_.connection = &connection;
    EXPECT_TRUE(end_.calls.empty());
    Call("connected", end_.on_connected);
  }
  void OnReceive(IOBufChain data) override {
    EXPECT_FALSE(data.empty());
    end_.received += data.ToString();
    Call("receive", end_.on_receive);
  }
  void OnSendReady() override { Call("send ready", end_.on_send_ready); }
  void OnPeerClosed() override { Call("peer closed", end_.on_peer_closed); }
  void OnClosed(const absl::Status& status) override {
    end_.status = status;
    Call("closed", [] {});
    end_.closed = true;
    end_.connection = nullptr;
  }

 private:
  void Call(const char* name, const std::function<void()>& function) {
    EXPECT_FALSE(in_call_) << name << " within another call";
    EXPECT_FALSE(end_.closed) << name << " after closed";
    in_call_ = true;
    end_.calls.push_back(name);
    function();
    in_call_ = false;
  }
  End& end_;
  bool in_call_ = false;
};

// Sends back what comes, without holding more than one piece of it.
class Echo final : public TcpHandler {
 public:
  void OnConnected(TcpConnection& connection) override {
    connection_ = &connection;
  }
  void OnReceive(IOBufChain data) override {
    unsent_.Append(std::move(data));
    Go();
  }
  void OnSendReady() override { Go(); }
  void OnPeerClosed() override {
    closing_ = true;
    Go();
  }
  void OnClosed(const absl::Status&) override {}

 private:
  void Go() {
    connection_->Send(unsent_);
    connection_->SetReceiveWindow(
        unsent_.empty() ? TcpConnection::kUnlimitedWindow : 0);
    if (unsent_.empty() && closing_) connection_->Close();
  }
  TcpConnection* connection_ = nullptr;
  IOBufChain unsent_;
  bool closing_ = false;
};

// Whoever sends everything of a text, as far as and as soon as it may.
struct Sender {
  End& end;
  IOBufChain rest;
  bool close_after = false;

  void Start(IOBufChain data) {
    rest = std::move(data);
    end.on_send_ready = [this] { Go(); };
    Go();
  }
  void Go() {
    end.connection->Send(rest);
    if (rest.empty() && close_after) end.connection->Close();
  }
};

// A connection whose ends both live on this core.
struct Pair {
  End server;
  End client;
  Endpoint endpoint;

  void Listen() {
    absl::StatusOr<Endpoint> bound =
        network->ListenTcp(kAnyPort, [this](const Endpoint&) {
          return std::make_unique<RecordingHandler>(server);
        });
    ASSERT_TRUE(bound.ok()) << bound.status();
    endpoint = *bound;
  }
  void Connect() {
    Listen();
    network->ConnectTcp(endpoint, std::make_unique<RecordingHandler>(client));
    EXPECT_TRUE(client.calls.empty()) << "handlers are called from events";
    ASSERT_TRUE(Await([this] {
      return server.connection != nullptr && client.connection != nullptr;
    }));
  }
  void AwaitClosed() {
    ASSERT_TRUE(
        Await([this] { return server.destroyed && client.destroyed; }));
  }
  // Ends it however it stands.
  void CloseAll() {
    if (client.connection != nullptr) client.connection->Abort();
    if (server.connection != nullptr) server.connection->Abort();
    AwaitClosed();
  }
};

}  // namespace ebbrt::testing

#endif  // EBBRT_CORE_NET_NETWORK_TESTING_H_
