// Connections over the memory network, which cuts, delays and loses them.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "apps/memcached/connection.h"
#include "apps/memcached/server.h"
#include "core/async/combinators.h"
#include "core/async/future.h"
#include "core/base/random.h"
#include "core/ebb/ebb.h"
#include "core/event/rcu.h"
#include "core/net/endpoint.h"
#include "core/net/memory_network.h"
#include "core/net/network.h"
#include "core/testing/run_on_cores.h"
#include "platform/current.h"

namespace ebbrt::memcached {
namespace {

using ebbrt::testing::RunOnCores;
using std::chrono::microseconds;
using std::chrono::seconds;

constexpr Endpoint kEndpoint = {IpAddress::V4(10, 0, 0, 1), 11211};

void Await(const std::function<bool()>& condition) {
  Time until = Platform::Now() + seconds(20);
  while (!condition() && Platform::Now() < until) {
    ASSERT_TRUE(Delay(microseconds(50)).Block().ok());
  }
  ASSERT_TRUE(condition());
}

// One client: sends what it is told to, keeps what it gets.
class Client {
 public:
  explicit Client(std::string_view request) : to_send_(Chain(request)) {
    auto handler = std::make_unique<Handler>(*this);
    network->ConnectTcp(kEndpoint, std::move(handler));
  }

  void Send(std::string_view request) {
    to_send_.Append(Chain(request));
    Push();
  }
  void StopReading() { connection_->SetReceiveWindow(0); }
  void ReadOn(size_t bytes = TcpConnection::kUnlimitedWindow) {
    connection_->SetReceiveWindow(bytes);
  }
  void Abort() {
    if (connection_ != nullptr) connection_->Abort();
  }
  void Close() {
    if (connection_ != nullptr) connection_->Close();
  }

  bool connected() const { return connection_ != nullptr; }
  bool closed() const { return closed_; }
  bool peer_closed() const { return peer_closed_; }
  size_t unsent() const { return to_send_.length(); }
  const std::string& received() const { return received_; }

 private:
  class Handler final : public TcpHandler {
   public:
    explicit Handler(Client& client) : client_(client) {}
    void OnConnected(TcpConnection& connection) override {
      client_.connection_ = &connection;
      client_.Push();
    }
    void OnReceive(IOBufChain data) override {
      client_.received_ += data.ToString();
    }
    void OnSendReady() override { client_.Push(); }
    void OnPeerClosed() override {
      client_.peer_closed_ = true;
      client_.connection_->Close();
    }
    void OnClosed(const absl::Status&) override {
      client_.connection_ = nullptr;
      client_.closed_ = true;
    }

   private:
    Client& client_;
  };

  static IOBufChain Chain(std::string_view text) {
    return IOBufChain(IOBuf::CopyOf(text));
  }
  void Push() {
    if (connection_ != nullptr && !to_send_.empty())
      connection_->Send(to_send_);
  }

  IOBufChain to_send_;
  TcpConnection* connection_ = nullptr;
  bool closed_ = false;
  bool peer_closed_ = false;
  std::string received_;
};

// A server on all cores.
struct Fixture {
  explicit Fixture(MemoryNetworkOptions options, Settings settings = {}) {
    options.seed = ebbrt::testing::Seed();
    InstallMemoryNetwork(options);
    settings.core_count = Platform::CoreCount();
    state = std::make_shared<ServerState>(settings);
    server = CreatePerCoreEbb<Server>([state = state] {
      return std::make_unique<Server>(state, Platform::Now(), Duration{});
    });
    auto listening = ListenTcpOnAllCores(
        kEndpoint,
        [server = server](const Endpoint&) { return server->Accept(); });
    EXPECT_TRUE(std::move(listening).Block().ok());
  }
  ~Fixture() {
    std::vector<Future<void>> cores;
    for (uint32_t i = 0; i < Platform::CoreCount(); ++i) {
      cores.push_back(Async(
          CoreId(i), [server = server] { return server->Shutdown(); }));
    }
    EXPECT_TRUE(WhenAll(std::move(cores)).Block().ok());
    EXPECT_EQ(state->connections.load(), 0u);
  }

  // Nothing but what is stored has memory any more.
  void AwaitNoLeak() {
    Await([this] {
      return state->store.memory().item_count() ==
                 state->store.figures().items &&
             state->store.memory().allocated_bytes() ==
                 state->store.figures().bytes;
    });
  }

  std::shared_ptr<ServerState> state;
  EbbRef<Server> server{EbbId()};
};

std::string SetRequest(std::string_view key, std::string_view value) {
  return "set " + std::string(key) + " 0 0 " + std::to_string(value.size()) +
         "\r\n" + std::string(value) + "\r\n";
}

TEST(ConnectionTest, ServesWhateverTheCuts) {
  RunOnCores(2, [] {
    Fixture fixture({.jitter = microseconds(20),
                     .window_bytes = 1000,
                     .segment_bytes_max = 7,
                     .cut_randomly = true});
    std::string value(5000, 'v');
    Client client(SetRequest("a", value) + "get a\r\nquit\r\n");
    Await([&] { return client.closed(); });
    EXPECT_EQ(client.received(),
              "STORED\r\nVALUE a 0 5000\r\n" + value + "\r\nEND\r\n");
    fixture.AwaitNoLeak();
  });
}

TEST(ConnectionTest, RepliesToAClientThatHasStoppedSending) {
  RunOnCores(1, [] {
    Fixture fixture({.segment_bytes_max = 3});
    Client client("set a 0 0 1\r\n1\r\nget a\r\n");
    Await([&] { return client.connected(); });
    client.Close();
    Await([&] { return client.closed(); });
    EXPECT_EQ(client.received(), "STORED\r\nVALUE a 0 1\r\n1\r\nEND\r\n");
  });
}

TEST(ConnectionTest, AClientThatDoesNotReadIsNotReadFrom) {
  RunOnCores(1, [] {
    Fixture fixture({.window_bytes = 64 * kKiB});
    std::string value(100'000, 'v');
    Client client(SetRequest("a", value));
    Await([&] { return client.received() == "STORED\r\n"; });
    client.StopReading();
    constexpr size_t kGets = 100'000;
    std::string gets;
    for (size_t i = 0; i < kGets; ++i) gets += "get a\r\n";
    client.Send(gets);
    ASSERT_TRUE(Delay(std::chrono::milliseconds(20)).Block().ok());
    // The rest of the requests stays where it is.
    EXPECT_GT(client.unsent(), gets.size() / 2);
    // Others are served meanwhile.
    Client other("get b\r\n");
    Await([&] { return other.received() == "END\r\n"; });
    // And it gets what it asked for, some megabytes of it, once it reads. (All
    // of it would be gigabytes, which take no time where time is virtual.)
    client.ReadOn(21 * value.size());
    Await([&] { return client.received().size() > 20 * value.size(); });
    client.Abort();
    Await([&] { return client.closed(); });
    fixture.AwaitNoLeak();
  });
}

TEST(ConnectionTest, WhatIsSentOutlivesItsRemoval) {
  RunOnCores(1, [] {
    Fixture fixture({.window_bytes = 1000, .segment_bytes_max = 100});
    std::string value(50'000, 'v');
    Client setter(SetRequest("a", value));
    Await([&] { return setter.received() == "STORED\r\n"; });
    Client reader("get a\r\n");
    Await([&] { return reader.connected(); });
    reader.StopReading();
    setter.Send("delete a\r\n" + SetRequest("a", "other"));
    Await([&] {
      return setter.received() == "STORED\r\nDELETED\r\nSTORED\r\n";
    });
    reader.ReadOn();
    Await([&] { return reader.received().ends_with("END\r\n"); });
    std::string whole = "VALUE a 0 50000\r\n" + value + "\r\nEND\r\n";
    std::string other = "VALUE a 0 5\r\nother\r\nEND\r\n";
    EXPECT_TRUE(reader.received() == whole || reader.received() == other ||
                reader.received() == "END\r\n");
    fixture.AwaitNoLeak();
  });
}

TEST(ConnectionTest, RefusesMoreThanItMayHave) {
  RunOnCores(1, [] {
    Fixture fixture({}, {.connections_max = 2});
    Client first("mn\r\n");
    Client second("mn\r\n");
    Await([&] { return !first.received().empty(); });
    Await([&] { return !second.received().empty(); });
    Client third("mn\r\n");
    Await([&] { return third.closed(); });
    EXPECT_EQ(third.received(), "");
    first.Abort();
    Await([&] { return first.closed(); });
    Await([&] { return fixture.state->connections.load() == 1; });
    Client fourth("mn\r\n");
    Await([&] { return fourth.received() == "MN\r\n"; });
  });
}

// Each client stores and reads under its own key; whatever is lost, nobody
// gets another's bytes, and nothing is left behind.
TEST(ConnectionTest, ConnectionsAreLostAtEveryPoint) {
  RunOnCores(2, [] {
    Fixture fixture({.jitter = microseconds(10),
                     .window_bytes = 3000,
                     .segment_bytes_max = 200,
                     .cut_randomly = true,
                     .reset = 0.01});
    Random random(ebbrt::testing::Seed());
    for (int round = 0; round < 40; ++round) {
      std::vector<std::unique_ptr<Client>> clients;
      for (int i = 0; i < 8; ++i) {
        char mark = static_cast<char>('a' + i);
        std::string key(1, mark);
        std::string value(random.Below(4000), mark);
        clients.push_back(std::make_unique<Client>(
            SetRequest(key, value) + "get " + key + "\r\nget " + key +
            "\r\nquit\r\n"));
      }
      ASSERT_TRUE(Delay(microseconds(random.Below(2000))).Block().ok());
      if (random.Chance(0.5)) {
        for (auto& client : clients) client->Abort();
      }
      for (auto& client : clients) Await([&] { return client->closed(); });
      for (int i = 0; i < 8; ++i) {
        std::string_view received = clients[i]->received();
        size_t begin = received.find("\r\nVALUE");
        if (begin == std::string_view::npos) continue;
        size_t value = received.find("\r\n", begin + 2);
        if (value == std::string_view::npos) continue;
        size_t end = received.find('\r', value + 2);
        std::string_view bytes = received.substr(
            value + 2, end == std::string_view::npos ? end : end - value - 2);
        EXPECT_EQ(bytes.find_first_not_of(static_cast<char>('a' + i)),
                  std::string_view::npos);
      }
    }
    Await([&] { return fixture.state->connections.load() == 0; });
    fixture.AwaitNoLeak();
  });
}

}  // namespace
}  // namespace ebbrt::memcached
