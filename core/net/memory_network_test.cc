#include "core/net/memory_network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/async/combinators.h"
#include "core/base/random.h"
#include "core/base/types.h"
#include "core/buf/iobuf_chain.h"
#include "core/event/event_loop.h"
#include "core/net/endpoint.h"
#include "core/net/network.h"
#include "core/net/network_testing.h"
#include "core/testing/run_on_cores.h"
#include "platform/current.h"

namespace ebbrt {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;
using testing::Bytes;
using testing::End;
using testing::RecordingHandler;
using testing::RunOnCores;

constexpr Endpoint kServer = {IpAddress::V4(10, 0, 0, 1), 80};

// Lets other events run until it is so.
void Await(const std::function<bool()>& condition) {
  ASSERT_TRUE(testing::Await(condition));
}

// A connection whose ends both live on this core.
struct Pair {
  explicit Pair(const MemoryNetworkOptions& options = {}) {
    InstallMemoryNetwork(options);
    EXPECT_TRUE(network
                    ->ListenTcp(kServer,
                                [this](const Endpoint&) {
                                  return std::make_unique<RecordingHandler>(
                                      server);
                                })
                    .ok());
  }
  // Its handlers refer to it.
  ~Pair() {
    for (End* end : {&client, &server}) {
      if (end->connection != nullptr) end->connection->Abort();
    }
    Await([this] {
      return (client.calls.empty() || client.destroyed) &&
             (server.calls.empty() || server.destroyed);
    });
  }
  void Connect() {
    network->ConnectTcp(kServer, std::make_unique<RecordingHandler>(client));
    Await([this] {
      return server.connection != nullptr && client.connection != nullptr;
    });
  }
  void AwaitClosed() {
    Await([this] { return server.closed && client.closed; });
    EXPECT_EQ(MemoryConnectionCount(), 0u);
  }
  End server;
  End client;
};

using Calls = std::vector<std::string>;

TEST(MemoryNetwork, CarriesBytesBothWays) {
  RunOnCores(1, [] {
    Pair pair;
    pair.Connect();
    EXPECT_EQ(pair.client.connection->remote(), kServer);
    EXPECT_EQ(pair.server.connection->local(), kServer);
    EXPECT_EQ(pair.server.connection->remote(),
              pair.client.connection->local());
    IOBufChain hello = Bytes("hello");
    EXPECT_EQ(pair.client.connection->Send(hello), 5u);
    EXPECT_TRUE(hello.empty());
    EXPECT_EQ(pair.server.received, "") << "handlers are called from events";
    IOBufChain world = Bytes("world");
    EXPECT_EQ(pair.server.connection->Send(world), 5u);
    Await([&] { return pair.client.received == "world"; });
    EXPECT_EQ(pair.server.received, "hello");
  });
}

TEST(MemoryNetwork, ClosesOneDirectionAfterTheOther) {
  RunOnCores(1, [] {
    Pair pair;
    pair.Connect();
    IOBufChain request = Bytes("request");
    pair.client.connection->Send(request);
    pair.client.connection->Close();
    IOBufChain late = Bytes("late");
    EXPECT_EQ(pair.client.connection->Send(late), 0u);
    Await([&] { return pair.server.calls.back() == "peer closed"; });
    EXPECT_EQ(pair.server.received, "request");
    // The other direction is still open.
    IOBufChain reply = Bytes("reply");
    EXPECT_EQ(pair.server.connection->Send(reply), 5u);
    Await([&] { return pair.client.received == "reply"; });
    EXPECT_FALSE(pair.client.closed);
    pair.server.connection->Close();
    EXPECT_FALSE(pair.server.closed) << "it is told in an event of its own";
    pair.AwaitClosed();
    EXPECT_TRUE(pair.server.status.ok());
    EXPECT_TRUE(pair.client.status.ok());
    EXPECT_EQ(pair.client.calls,
              (Calls{"connected", "receive", "peer closed", "closed"}));
    EXPECT_EQ(pair.server.calls,
              (Calls{"connected", "receive", "peer closed", "closed"}));
  });
}

TEST(MemoryNetwork, AResetEndsBothEnds) {
  RunOnCores(1, [] {
    Pair pair;
    pair.Connect();
    IOBufChain data = Bytes("data");
    pair.client.connection->Send(data);
    pair.server.connection->Abort();
    EXPECT_FALSE(pair.server.closed);
    EXPECT_EQ(pair.server.connection->SendWindow(), 0u);
    pair.server.connection->Abort();
    pair.server.connection->Close();
    pair.AwaitClosed();
    EXPECT_TRUE(absl::IsCancelled(pair.server.status));
    EXPECT_TRUE(absl::IsUnavailable(pair.client.status));
    EXPECT_EQ(pair.server.calls, (Calls{"connected", "closed"}));
  });
}

TEST(MemoryNetwork, RefusesWhereNobodyAccepts) {
  RunOnCores(1, [] {
    Pair pair;
    EXPECT_TRUE(network
                    ->ListenTcp({kServer.address, 81},
                                [](const Endpoint&) { return nullptr; })
                    .ok());
    for (uint16_t port : {81, 82}) {
      End client;
      network->ConnectTcp({kServer.address, port},
                          std::make_unique<RecordingHandler>(client));
      EXPECT_FALSE(client.closed);
      Await([&] { return client.closed; });
      EXPECT_TRUE(absl::IsUnavailable(client.status));
      EXPECT_EQ(client.calls, Calls{"closed"});
    }
    network->StopListeningTcp(kServer);
    network->ConnectTcp(kServer,
                        std::make_unique<RecordingHandler>(pair.client));
    Await([&] { return pair.client.closed; });
    EXPECT_EQ(MemoryConnectionCount(), 0u);
  });
}

TEST(MemoryNetwork, TakesAsMuchAsTheWindowAllows) {
  RunOnCores(1, [] {
    Pair pair({.window_bytes = 10});
    pair.Connect();
    pair.server.connection->SetReceiveWindow(0);
    IOBufChain data = Bytes("0123456789abcdefghij");
    EXPECT_EQ(pair.client.connection->SendWindow(), 10u);
    EXPECT_EQ(pair.client.connection->Send(data), 10u);
    EXPECT_EQ(pair.client.connection->Send(data), 0u);
    EXPECT_EQ(data.ToString(), "abcdefghij");
    ASSERT_TRUE(Delay(microseconds(100)).Block().ok());
    EXPECT_EQ(pair.server.received, "");
    pair.server.connection->SetReceiveWindow(4);
    EXPECT_EQ(pair.server.received, "");
    Await([&] { return pair.client.calls.back() == "send ready"; });
    EXPECT_EQ(pair.server.received, "0123");
    EXPECT_EQ(pair.client.connection->Send(data), 4u);
    // A closed sender does not lose what it had sent.
    pair.client.connection->Close();
    pair.server.connection->Close();
    ASSERT_TRUE(Delay(microseconds(100)).Block().ok());
    EXPECT_FALSE(pair.server.closed);
    pair.server.connection->SetReceiveWindow(
        TcpConnection::kUnlimitedWindow);
    pair.AwaitClosed();
    EXPECT_EQ(pair.server.received, "0123456789abcd");
    EXPECT_EQ(std::count(pair.client.calls.begin(), pair.client.calls.end(),
                         "send ready"),
              1);
  });
}

TEST(MemoryNetwork, DoesNotEnterAHandlerThatBlocks) {
  RunOnCores(1, [] {
    Pair pair({.delay = microseconds(5), .segment_bytes_max = 1});
    // RecordingHandler checks that it is not entered twice.
    pair.server.on_receive = [&] {
      ASSERT_TRUE(Delay(microseconds(50)).Block().ok());
      if (pair.server.received.size() == 3) pair.server.connection->Abort();
    };
    pair.Connect();
    IOBufChain data = Bytes("12345");
    EXPECT_EQ(pair.client.connection->Send(data), 5u);
    pair.AwaitClosed();
    EXPECT_GE(pair.server.received.size(), 3u);
  });
}

TEST(MemoryNetwork, TakesItsTime) {
  RunOnCores(1, [] {
    Pair pair({.delay = std::chrono::milliseconds(3)});
    Time before = Platform::Now();
    pair.Connect();
    // There and back.
    EXPECT_GE(Platform::Now() - before, std::chrono::milliseconds(6));
    before = Platform::Now();
    IOBufChain data = Bytes("data");
    pair.client.connection->Send(data);
    Await([&] { return !pair.server.received.empty(); });
    EXPECT_GE(Platform::Now() - before, std::chrono::milliseconds(3));
  });
}

TEST(MemoryNetwork, ListensOnAllCoresOrOnNone) {
  RunOnCores(3, [] {
    InstallMemoryNetwork();
    TcpAcceptor refuse = [](const Endpoint&) { return nullptr; };
    absl::StatusOr<Endpoint> any =
        ListenTcpOnAllCores({kLoopbackV4, 0}, refuse).Block();
    ASSERT_TRUE(any.ok());
    EXPECT_NE(any->port, 0);
    EXPECT_TRUE(absl::IsAlreadyExists(
        ListenTcpOnAllCores(*any, refuse).Block().status()));
    Endpoint other = {kLoopbackV4, 90};
    auto taken = Async(CoreId(2), [other, refuse] {
      return network->ListenTcp(other, refuse);
    });
    ASSERT_TRUE(std::move(taken).Block().ok());
    absl::Status status =
        ListenTcpOnAllCores(other, refuse).Block().status();
    EXPECT_TRUE(absl::IsAlreadyExists(status));
    EXPECT_NE(status.message().find("127.0.0.1:90"), std::string::npos);
    EXPECT_TRUE(network->ListenTcp(other, refuse).ok()) << "was let go again";
  });
}

TEST(MemoryNetwork, CarriesDatagrams) {
  RunOnCores(2, [] {
    InstallMemoryNetwork({.jitter = microseconds(20)});
    std::atomic<int> answered{0};
    std::unique_ptr<UdpSocket> server;
    absl::StatusOr<std::unique_ptr<UdpSocket>> opened = network->OpenUdp(
        {IpAddress(), 53}, [&](const Endpoint& from, IOBufChain datagram) {
          EXPECT_TRUE(server->SendTo(from, std::move(datagram)).ok());
        });
    ASSERT_TRUE(opened.ok());
    server = *std::move(opened);
    auto client = Async(CoreId(1), [&] {
      return network->OpenUdp(
          {kLoopbackV4, 0}, [&](const Endpoint& from, IOBufChain datagram) {
            EXPECT_EQ(from.port, 53);
            EXPECT_EQ(datagram.length(), 3u);
            ++answered;
          });
    });
    absl::StatusOr<std::unique_ptr<UdpSocket>> socket =
        std::move(client).Block();
    ASSERT_TRUE(socket.ok());
    auto sent = Async(CoreId(1), [&] {
      for (int i = 0; i < 10; ++i) {
        EXPECT_TRUE((*socket)->SendTo({kLoopbackV4, 53}, Bytes("who")).ok());
      }
      // Nobody is there: a datagram that is lost.
      EXPECT_TRUE((*socket)->SendTo({kLoopbackV4, 54}, Bytes("who")).ok());
      EXPECT_TRUE(absl::IsInvalidArgument((*socket)->SendTo(
          {kLoopbackV4, 53}, Bytes(std::string(65508, 'x')))));
    });
    ASSERT_TRUE(std::move(sent).Block().ok());
    Await([&] { return answered == 10; });
    auto closed = Async(CoreId(1), [&] { socket->reset(); });
    ASSERT_TRUE(std::move(closed).Block().ok());
  });
}

TEST(MemoryNetwork, LosesDatagrams) {
  RunOnCores(1, [] {
    InstallMemoryNetwork({.seed = testing::Seed(), .loss = 0.5});
    int received = 0;
    auto receiver = network->OpenUdp(
        {kLoopbackV4, 1}, [&](const Endpoint&, IOBufChain) { ++received; });
    ASSERT_TRUE(receiver.ok());
    for (int i = 0; i < 1000; ++i) {
      ASSERT_TRUE((*receiver)->SendTo({kLoopbackV4, 1}, Bytes("x")).ok());
    }
    ASSERT_TRUE(Delay(std::chrono::milliseconds(1)).Block().ok());
    EXPECT_GT(received, 400);
    EXPECT_LT(received, 600);
  });
}

// Sends a run of numbered bytes, and closes.
class Sender final : public TcpHandler {
 public:
  Sender(size_t bytes, uint64_t seed, std::atomic<int>& ended)
      : left_(bytes), random_(seed), ended_(ended) {}
  void OnConnected(TcpConnection& connection) override {
    connection_ = &connection;
    Send();
  }
  void OnReceive(IOBufChain data) override { CheckEcho(data.ToString()); }
  void OnSendReady() override { Send(); }
  void OnPeerClosed() override { EXPECT_EQ(echoed_, sent_); }
  void OnClosed(const absl::Status& status) override {
    EXPECT_TRUE(status.ok() || absl::IsUnavailable(status)) << status;
    ++ended_;
  }

 private:
  void Send() {
    for (;;) {
      if (!pending_.empty()) sent_ += connection_->Send(pending_);
      if (!pending_.empty()) return;
      if (left_ == 0) break;
      Generate();
    }
    connection_->Close();
  }
  void Generate() {
    size_t bytes = random_.Between(1, std::min<size_t>(left_, 3000));
    std::string text;
    for (size_t i = 0; i < bytes; ++i) text += Byte(generated_++);
    left_ -= bytes;
    pending_.Append(Bytes(text));
  }
  void CheckEcho(const std::string& text) {
    for (char byte : text) ASSERT_EQ(byte, Byte(echoed_++));
  }
  static char Byte(size_t index) {
    return static_cast<char>(MixBits(index) & 0xff);
  }

  size_t left_;
  Random random_;
  std::atomic<int>& ended_;
  TcpConnection* connection_ = nullptr;
  IOBufChain pending_;
  size_t generated_ = 0;
  size_t sent_ = 0;
  size_t echoed_ = 0;
};

// Sends everything back, with a receive window of a few bytes at a time.
class Echo final : public TcpHandler {
 public:
  explicit Echo(std::atomic<int>& ended) : ended_(ended) {}
  void OnConnected(TcpConnection& connection) override {
    connection_ = &connection;
    connection_->SetReceiveWindow(kWindowBytes);
  }
  void OnReceive(IOBufChain data) override {
    EXPECT_LE(data.length(), kWindowBytes);
    pending_.Append(std::move(data));
    Send();
  }
  void OnSendReady() override { Send(); }
  void OnPeerClosed() override {
    peer_closed_ = true;
    Send();
  }
  void OnClosed(const absl::Status& status) override {
    EXPECT_TRUE(status.ok() || absl::IsUnavailable(status)) << status;
    ++ended_;
  }

 private:
  static constexpr size_t kWindowBytes = 777;
  void Send() {
    if (!pending_.empty()) connection_->Send(pending_);
    if (!pending_.empty()) return;
    connection_->SetReceiveWindow(kWindowBytes);
    if (peer_closed_) connection_->Close();
  }
  std::atomic<int>& ended_;
  TcpConnection* connection_ = nullptr;
  IOBufChain pending_;
  bool peer_closed_ = false;
};

// Many connections between all cores, under options that the seed draws: each
// byte comes back in order or the connection ends, on both sides.
void RunEchoes(uint64_t seed, bool may_fail) {
  Random random(seed);
  MemoryNetworkOptions options;
  options.seed = seed;
  options.jitter = microseconds(random.Below(3) * 10);
  options.window_bytes = random.Between(1, 3000);
  options.segment_bytes_max = random.Between(1, 2000);
  options.cut_randomly = random.Chance(0.5);
  if (may_fail) {
    options.reset = 0.002;
    options.refuse = 0.1;
  }
  constexpr uint32_t kCores = 3;
  constexpr int kConnectionsPerCore = 5;
  RunOnCores(kCores, [&] {
    InstallMemoryNetwork(options);
    std::atomic<int> accepted{0};
    std::atomic<int> clients_ended{0};
    std::atomic<int> servers_ended{0};
    ASSERT_TRUE(ListenTcpOnAllCores(kServer,
                                    [&](const Endpoint&) {
                                      ++accepted;
                                      return std::make_unique<Echo>(
                                          servers_ended);
                                    })
                    .Block()
                    .ok());
    for (uint32_t core = 0; core < kCores; ++core) {
      SpawnOn(CoreId(core), [&, core] {
        for (int i = 0; i < kConnectionsPerCore; ++i) {
          network->ConnectTcp(kServer, std::make_unique<Sender>(
                                           5000, seed + core, clients_ended));
        }
      });
    }
    Await([&] {
      return clients_ended == kCores * kConnectionsPerCore &&
             servers_ended == accepted;
    });
    for (uint32_t core = 0; core < kCores; ++core) {
      auto count = Async(CoreId(core), [] { return MemoryConnectionCount(); });
      EXPECT_EQ(*std::move(count).Block(), 0u);
    }
    if (!may_fail) {
      EXPECT_EQ(accepted, kCores * kConnectionsPerCore);
    }
  });
}

TEST(MemoryNetwork, EchoesEveryByteHoweverItIsCut) {
  for (uint64_t i = 0; i < 5; ++i) RunEchoes(testing::Seed() + i, false);
}

TEST(MemoryNetwork, EndsBothEndsWhereverAConnectionIsLost) {
  for (uint64_t i = 0; i < 5; ++i) RunEchoes(testing::Seed() + i, true);
}

}  // namespace
}  // namespace ebbrt
