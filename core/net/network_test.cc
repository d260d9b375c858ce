// What the network interface promises, of whatever network the platform
// installs by default: only core/net/network.h is used here.
#include "core/net/network.h"

#include <gtest/gtest.h>

#include <algorithm>
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
#include "core/net/install_network.h"
#include "core/testing/run_on_cores.h"
#include "platform/current.h"

namespace ebbrt {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Endpoint kAnyPort = {kLoopbackV4, 0};

// Runs a test on a node with the platform's network.
void RunWithNetwork(uint32_t core_count, std::function<void()> test) {
  if (NetworkNames().empty()) GTEST_SKIP() << "the platform has no network";
  testing::RunOnCores(core_count, [test = std::move(test)] {
    ASSERT_TRUE(InstallNetwork("").ok());
    test();
  });
}

IOBufChain Bytes(std::string_view text) {
  return IOBufChain(IOBuf::CopyOf(text));
}

// Bytes [begin, begin + bytes) of a long stream.
std::string Pattern(uint64_t seed, size_t begin, size_t bytes) {
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
[[nodiscard]] bool Await(const std::function<bool()>& condition) {
  Time until = Platform::Now() + seconds(10);
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

TEST(Network, CarriesBytesBothWays) {
  RunWithNetwork(1, [] {
    Pair pair;
    pair.Connect();
    EXPECT_EQ(pair.client.connection->remote(), pair.endpoint);
    EXPECT_EQ(pair.server.connection->local(), pair.endpoint);
    EXPECT_EQ(pair.server.connection->remote(),
              pair.client.connection->local());
    EXPECT_GT(pair.client.connection->SendWindow(), 0u);
    IOBufChain hello = Bytes("hello");
    EXPECT_EQ(pair.client.connection->Send(hello), 5u);
    EXPECT_TRUE(hello.empty());
    IOBufChain world = Bytes("wor");
    world.Append(Bytes("ld"));
    EXPECT_EQ(pair.server.connection->Send(world), 5u);
    EXPECT_EQ(pair.server.received, "") << "handlers are called from events";
    EXPECT_TRUE(Await([&] {
      return pair.client.received == "world" && pair.server.received == "hello";
    }));
    pair.CloseAll();
  });
}

TEST(Network, ClosesOneDirectionAfterTheOther) {
  RunWithNetwork(1, [] {
    Pair pair;
    pair.Connect();
    IOBufChain request = Bytes("request");
    pair.client.connection->Send(request);
    pair.client.connection->Close();
    IOBufChain late = Bytes("late");
    EXPECT_EQ(pair.client.connection->Send(late), 0u);
    EXPECT_EQ(pair.client.connection->SendWindow(), 0u);
    ASSERT_TRUE(Await([&] { return pair.server.Called("peer closed"); }));
    EXPECT_EQ(pair.server.received, "request");
    EXPECT_FALSE(pair.client.closed);
    // The other direction is still open.
    IOBufChain reply = Bytes("reply");
    EXPECT_EQ(pair.server.connection->Send(reply), 5u);
    ASSERT_TRUE(Await([&] { return pair.client.received == "reply"; }));
    pair.server.connection->Close();
    pair.AwaitClosed();
    EXPECT_TRUE(pair.client.status.ok()) << pair.client.status;
    EXPECT_TRUE(pair.server.status.ok()) << pair.server.status;
    EXPECT_EQ(pair.client.calls.back(), "closed");
  });
}

TEST(Network, ClosesFromWithinEveryCall) {
  RunWithNetwork(1, [] {
    for (int stage = 0; stage < 3; ++stage) {
      Pair pair;
      auto close = [&pair] { pair.server.connection->Close(); };
      if (stage == 0) pair.server.on_connected = close;
      if (stage == 1) pair.server.on_receive = close;
      if (stage == 2) pair.server.on_peer_closed = close;
      pair.client.on_connected = [&pair] {
        IOBufChain text = Bytes("text");
        pair.client.connection->Send(text);
        pair.client.connection->Close();
      };
      pair.Listen();
      network->ConnectTcp(pair.endpoint,
                          std::make_unique<RecordingHandler>(pair.client));
      pair.AwaitClosed();
      EXPECT_EQ(pair.server.received, "text");
      EXPECT_TRUE(pair.client.status.ok()) << pair.client.status;
      EXPECT_TRUE(pair.server.status.ok()) << pair.server.status;
      network->StopListeningTcp(pair.endpoint);
    }
  });
}

TEST(Network, SendsAllBeforeItCloses) {
  RunWithNetwork(1, [] {
    Pair pair;
    pair.Connect();
    constexpr size_t kBytes = 3 * kMiB;
    Sender sender = {.end = pair.client, .rest = {}, .close_after = true};
    // In buffers of many sizes, of which no few make a whole send.
    Random random(testing::Seed());
    IOBufChain data;
    while (data.length() < kBytes) {
      size_t bytes = std::min(kBytes - data.length(),
                              size_t{1} << random.Below(16));
      data.Append(Bytes(Pattern(1, data.length(), bytes)));
    }
    sender.Start(std::move(data));
    ASSERT_TRUE(Await([&] { return pair.server.Called("peer closed"); }));
    ASSERT_EQ(pair.server.received.size(), kBytes);
    EXPECT_TRUE(pair.server.received == Pattern(1, 0, kBytes));
    EXPECT_TRUE(sender.rest.empty());
    pair.server.connection->Close();
    pair.AwaitClosed();
  });
}

TEST(Network, AbortReachesThePeer) {
  RunWithNetwork(1, [] {
    Pair pair;
    pair.Connect();
    pair.client.connection->Abort();
    IOBufChain late = Bytes("late");
    EXPECT_EQ(pair.client.connection->Send(late), 0u);
    EXPECT_FALSE(pair.client.closed) << "OnClosed comes from an event";
    pair.AwaitClosed();
    EXPECT_EQ(pair.client.status.code(), absl::StatusCode::kCancelled);
    EXPECT_EQ(pair.server.status.code(), absl::StatusCode::kUnavailable)
        << pair.server.status;
  });
}

TEST(Network, AbortsFromWithinEveryCall) {
  RunWithNetwork(1, [] {
    for (int stage = 0; stage < 4; ++stage) {
      Pair pair;
      auto abort = [&pair] { pair.server.connection->Abort(); };
      if (stage == 0) pair.server.on_connected = abort;
      if (stage == 1) pair.server.on_receive = abort;
      if (stage == 2) pair.server.on_peer_closed = abort;
      Sender client = {.end = pair.client, .rest = {}, .close_after = true};
      Sender server = {.end = pair.server, .rest = {}};
      pair.client.on_connected = [&client] { client.Start(Bytes("text")); };
      if (stage == 3) {
        pair.server.on_connected = [&] {
          server.Start(Bytes(Pattern(2, 0, 8 * kMiB)));
          pair.server.on_send_ready = abort;
        };
      }
      pair.Listen();
      network->ConnectTcp(pair.endpoint,
                          std::make_unique<RecordingHandler>(pair.client));
      pair.AwaitClosed();
      EXPECT_EQ(pair.server.status.code(), absl::StatusCode::kCancelled);
      EXPECT_FALSE(pair.client.status.ok());
      network->StopListeningTcp(pair.endpoint);
    }
  });
}

TEST(Network, AbortDropsWhatIsUnsent) {
  RunWithNetwork(1, [] {
    Pair pair;
    pair.server.on_connected = [&pair] {
      pair.server.connection->SetReceiveWindow(0);
    };
    pair.Connect();
    Sender sender = {.end = pair.client, .rest = {}};
    sender.Start(Bytes(Pattern(3, 0, 32 * kMiB)));
    EXPECT_FALSE(sender.rest.empty());
    ASSERT_TRUE(Delay(milliseconds(20)).Block().ok());
    pair.client.connection->Abort();
    pair.AwaitClosed();
    EXPECT_EQ(pair.client.status.code(), absl::StatusCode::kCancelled);
    EXPECT_EQ(pair.server.status.code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(pair.server.received, "");
  });
}

TEST(Network, AReaderSlowsASender) {
  RunWithNetwork(1, [] {
    Pair pair;
    pair.server.on_connected = [&pair] {
      pair.server.connection->SetReceiveWindow(0);
    };
    pair.Connect();
    constexpr size_t kBytes = 24 * kMiB;
    Sender sender = {.end = pair.client, .rest = {}, .close_after = true};
    sender.Start(Bytes(Pattern(4, 0, kBytes)));
    ASSERT_TRUE(Delay(milliseconds(50)).Block().ok());
    EXPECT_LT(pair.client.connection->SendWindow(), sender.rest.length());
    EXPECT_EQ(pair.server.received, "");
    pair.server.connection->SetReceiveWindow(TcpConnection::kUnlimitedWindow);
    ASSERT_TRUE(Await([&] { return pair.server.Called("peer closed"); }));
    ASSERT_EQ(pair.server.received.size(), kBytes);
    EXPECT_TRUE(pair.server.received == Pattern(4, 0, kBytes));
    EXPECT_TRUE(pair.client.Called("send ready"));
    pair.CloseAll();
  });
}

TEST(Network, TheReceiveWindowIsExact) {
  RunWithNetwork(1, [] {
    Pair pair;
    pair.Connect();
    pair.server.connection->SetReceiveWindow(3);
    IOBufChain text = Bytes("0123456789");
    pair.client.connection->Send(text);
    pair.client.connection->Close();
    ASSERT_TRUE(Await([&] { return pair.server.received.size() >= 3; }));
    ASSERT_TRUE(Delay(milliseconds(10)).Block().ok());
    EXPECT_EQ(pair.server.received, "012");
    pair.server.connection->SetReceiveWindow(1);
    ASSERT_TRUE(Await([&] { return pair.server.received.size() >= 4; }));
    ASSERT_TRUE(Delay(milliseconds(10)).Block().ok());
    EXPECT_EQ(pair.server.received, "0123");
    EXPECT_FALSE(pair.server.Called("peer closed"));
    // From within a call, a byte at a time.
    pair.server.on_receive = [&pair] {
      pair.server.connection->SetReceiveWindow(1);
    };
    pair.server.connection->SetReceiveWindow(1);
    ASSERT_TRUE(Await([&] { return pair.server.Called("peer closed"); }));
    EXPECT_EQ(pair.server.received, "0123456789");
    pair.CloseAll();
  });
}

TEST(Network, StopsAStreamInTheMiddle) {
  RunWithNetwork(1, [] {
    Pair pair;
    pair.Connect();
    // Each time the reader stops, some is already on its way.
    pair.server.on_receive = [&pair] {
      pair.server.connection->SetReceiveWindow(0);
    };
    constexpr size_t kBytes = 2 * kMiB;
    Sender sender = {.end = pair.client, .rest = {}, .close_after = true};
    sender.Start(Bytes(Pattern(5, 0, kBytes)));
    size_t rounds = 0;
    while (!pair.server.Called("peer closed")) {
      size_t before = pair.server.calls.size();
      ASSERT_TRUE(Await([&] { return pair.server.calls.size() > before; }));
      ASSERT_TRUE(Delay(Duration(1)).Block().ok());
      if (pair.server.Called("peer closed")) break;
      EXPECT_EQ(pair.server.calls.size(), before + 1);
      pair.server.connection->SetReceiveWindow(
          ++rounds % 2 == 0 ? TcpConnection::kUnlimitedWindow : 10000);
    }
    EXPECT_TRUE(pair.server.received == Pattern(5, 0, kBytes));
    pair.CloseAll();
  });
}

TEST(Network, RefusesWhereNobodyListens) {
  RunWithNetwork(1, [] {
    Pair pair;
    pair.Listen();
    network->StopListeningTcp(pair.endpoint);
    network->StopListeningTcp(pair.endpoint);
    network->ConnectTcp(pair.endpoint,
                        std::make_unique<RecordingHandler>(pair.client));
    EXPECT_TRUE(pair.client.calls.empty());
    ASSERT_TRUE(Await([&] { return pair.client.destroyed; }));
    EXPECT_EQ(pair.client.calls, std::vector<std::string>{"closed"});
    EXPECT_EQ(pair.client.status.code(), absl::StatusCode::kUnavailable);
    EXPECT_NE(std::string(pair.client.status.message())
                  .find(pair.endpoint.ToString()),
              std::string::npos)
        << pair.client.status;
  });
}

TEST(Network, AnAcceptorMayRefuse) {
  RunWithNetwork(1, [] {
    absl::StatusOr<Endpoint> bound = network->ListenTcp(
        kAnyPort, [](const Endpoint&) { return nullptr; });
    ASSERT_TRUE(bound.ok());
    End client;
    network->ConnectTcp(*bound, std::make_unique<RecordingHandler>(client));
    ASSERT_TRUE(Await([&] { return client.destroyed; }));
    EXPECT_EQ(client.status.code(), absl::StatusCode::kUnavailable)
        << client.status;
  });
}

TEST(Network, APortIsTakenOnce) {
  RunWithNetwork(1, [] {
    Pair pair;
    pair.Listen();
    absl::StatusOr<Endpoint> again = network->ListenTcp(
        pair.endpoint, [](const Endpoint&) { return nullptr; });
    EXPECT_EQ(again.status().code(), absl::StatusCode::kAlreadyExists);
    EXPECT_NE(std::string(again.status().message())
                  .find(pair.endpoint.ToString()),
              std::string::npos)
        << again.status();
    network->StopListeningTcp(pair.endpoint);
    EXPECT_TRUE(network
                    ->ListenTcp(pair.endpoint,
                                [](const Endpoint&) { return nullptr; })
                    .ok());
  });
}

// Sends back what it gets.
class EchoHandler final : public TcpHandler {
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
    if (!unsent_.empty()) {
      connection_->SetReceiveWindow(0);
    } else {
      connection_->SetReceiveWindow(TcpConnection::kUnlimitedWindow);
      if (closing_) connection_->Close();
    }
  }
  TcpConnection* connection_ = nullptr;
  IOBufChain unsent_;
  bool closing_ = false;
};

// Sends `bytes` in pieces, closes, and expects them all back; whether it got
// them.
Future<bool> EchoOnce(Endpoint server, uint64_t seed, size_t bytes) {
  struct Client {
    End end;
    Sender sender = {.end = end, .rest = {}, .close_after = true};
    Promise<bool> promise;
  };
  auto client = std::make_shared<Client>();
  Random random(seed);
  IOBufChain data;
  while (data.length() < bytes) {
    size_t piece = 1 + random.Below(std::min<size_t>(bytes, 40000));
    piece = std::min(piece, bytes - data.length());
    data.Append(Bytes(Pattern(seed, data.length(), piece)));
  }
  auto shared = std::make_shared<IOBufChain>(std::move(data));
  client->end.on_connected = [c = client.get(), shared] {
    c->sender.Start(std::move(*shared));
  };
  network->ConnectTcp(server, std::make_unique<RecordingHandler>(client->end));
  while (!client->end.destroyed) {
    if (!(co_await Delay(milliseconds(1))).ok()) break;
  }
  if (!client->end.status.ok()) ADD_FAILURE() << client->end.status;
  co_return client->end.received == Pattern(seed, 0, bytes);
}

void EchoFromAllCores(uint32_t core_count, int connections_a_core,
                      size_t bytes_max) {
  absl::StatusOr<Endpoint> server =
      ListenTcpOnAllCores(kAnyPort, [](const Endpoint&) {
        return std::make_unique<EchoHandler>();
      }).Block();
  ASSERT_TRUE(server.ok()) << server.status();
  Random random(testing::Seed());
  std::vector<Future<bool>> echoes;
  for (uint32_t core = 0; core < core_count; ++core) {
    for (int i = 0; i < connections_a_core; ++i) {
      size_t bytes = 1 + random.Below(bytes_max);
      uint64_t seed = random();
      echoes.push_back(Async(CoreId(core), [server = *server, seed, bytes] {
        return EchoOnce(server, seed, bytes);
      }));
    }
  }
  auto outcomes = WhenAll(std::move(echoes)).Block();
  ASSERT_TRUE(outcomes.ok());
  for (absl::StatusOr<bool>& outcome : *outcomes) {
    ASSERT_TRUE(outcome.ok());
    EXPECT_TRUE(*outcome);
  }
}

TEST(Network, ServesAThousandConnections) {
  RunWithNetwork(2, [] { EchoFromAllCores(2, 500, 2000); });
}

TEST(Network, EchoesLongStreamsOnAllCores) {
  RunWithNetwork(3, [] { EchoFromAllCores(3, 5, 2 * kMiB); });
}

TEST(Network, AFailureToListenLeavesNoCoreListening) {
  RunWithNetwork(2, [] {
    // Core 1 listens already: the endpoint is its own.
    absl::StatusOr<Endpoint> taken = Async(CoreId(1), [] {
      return network->ListenTcp(kAnyPort,
                                [](const Endpoint&) { return nullptr; });
    }).Block();
    ASSERT_TRUE(taken.ok());
    absl::StatusOr<Endpoint> all =
        ListenTcpOnAllCores(*taken, [](const Endpoint&) {
          return nullptr;
        }).Block();
    EXPECT_EQ(all.status().code(), absl::StatusCode::kAlreadyExists);
    EXPECT_TRUE(network
                    ->ListenTcp(*taken, [](const Endpoint&) { return nullptr; })
                    .ok())
        << "core 0 is left listening";
  });
}

TEST(Network, CarriesDatagrams) {
  RunWithNetwork(1, [] {
    std::vector<std::string> received;
    std::unique_ptr<UdpSocket> server;
    absl::StatusOr<std::unique_ptr<UdpSocket>> opened = network->OpenUdp(
        kAnyPort, [&](const Endpoint& from, IOBufChain datagram) {
          received.push_back(datagram.ToString());
          EXPECT_TRUE(server->SendTo(from, std::move(datagram)).ok());
        });
    ASSERT_TRUE(opened.ok()) << opened.status();
    server = *std::move(opened);
    std::vector<std::string> answers;
    absl::StatusOr<std::unique_ptr<UdpSocket>> client = network->OpenUdp(
        kAnyPort, [&](const Endpoint& from, IOBufChain datagram) {
          EXPECT_EQ(from, server->local());
          answers.push_back(datagram.ToString());
        });
    ASSERT_TRUE(client.ok());
    IOBufChain two = Bytes("two ");
    two.Append(Bytes("buffers"));
    EXPECT_TRUE((*client)->SendTo(server->local(), Bytes("one")).ok());
    EXPECT_TRUE((*client)->SendTo(server->local(), std::move(two)).ok());
    EXPECT_TRUE((*client)->SendTo(server->local(), Bytes(Pattern(6, 0, 9000)))
                    .ok());
    ASSERT_TRUE(Await([&] { return answers.size() == 3; }));
    // Datagrams may overtake each other.
    std::vector<std::string> sent = {"one", "two buffers",
                                     Pattern(6, 0, 9000)};
    EXPECT_TRUE(std::is_permutation(sent.begin(), sent.end(),
                                    received.begin(), received.end()));
    EXPECT_TRUE(std::is_permutation(sent.begin(), sent.end(), answers.begin(),
                                    answers.end()));
    EXPECT_EQ((*client)
                  ->SendTo(server->local(), Bytes(std::string(70000, 'x')))
                  .code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(network->OpenUdp(server->local(), [](const Endpoint&,
                                                   IOBufChain) {})
                  .status()
                  .code(),
              absl::StatusCode::kAlreadyExists);
  });
}

TEST(Network, AReceiverMayCloseItsSocket) {
  RunWithNetwork(1, [] {
    std::unique_ptr<UdpSocket> socket;
    int received = 0;
    auto opened = network->OpenUdp(kAnyPort, [&](const Endpoint&, IOBufChain) {
      ++received;
      socket.reset();
    });
    ASSERT_TRUE(opened.ok());
    socket = *std::move(opened);
    Endpoint to = socket->local();
    auto client =
        network->OpenUdp(kAnyPort, [](const Endpoint&, IOBufChain) {});
    ASSERT_TRUE(client.ok());
    EXPECT_TRUE((*client)->SendTo(to, Bytes("a")).ok());
    EXPECT_TRUE((*client)->SendTo(to, Bytes("b")).ok());
    ASSERT_TRUE(Await([&] { return received != 0; }));
    ASSERT_TRUE(Delay(milliseconds(5)).Block().ok());
    EXPECT_EQ(received, 1);
  });
}

}  // namespace
}  // namespace ebbrt
