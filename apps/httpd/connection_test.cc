// Connections over the memory network, which cuts, delays and loses them.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "apps/httpd/connection.h"
#include "apps/httpd/server.h"
#include "apps/httpd/site.h"
#include "core/async/combinators.h"
#include "core/async/future.h"
#include "core/base/random.h"
#include "core/buf/iobuf.h"
#include "core/buf/iobuf_chain.h"
#include "core/ebb/ebb.h"
#include "core/net/endpoint.h"
#include "core/net/memory_network.h"
#include "core/net/network.h"
#include "core/testing/run_on_cores.h"
#include "platform/current.h"

namespace ebbrt::httpd {
namespace {

using ebbrt::testing::RunOnCores;
using nlohmann::json;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Endpoint kEndpoint = {IpAddress::V4(10, 0, 0, 1), 80};
constexpr size_t kLargeBytes = 100'000;

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
  // Where time is virtual, all may be over in an instant; so one that is not to
  // read does not from the beginning.
  explicit Client(std::string_view requests, bool reads = true)
      : to_send_(IOBuf::CopyOf(requests)), reads_(reads) {
    network->ConnectTcp(kEndpoint, std::make_unique<Handler>(*this));
  }

  void ReadOn() {
    connection_->SetReceiveWindow(TcpConnection::kUnlimitedWindow);
  }
  void Abort() {
    if (connection_ != nullptr) connection_->Abort();
  }
  void Close() {
    if (connection_ != nullptr) connection_->Close();
  }

  bool connected() const { return connection_ != nullptr; }
  bool closed() const { return closed_; }
  size_t unsent() const { return to_send_.length(); }
  const std::string& received() const { return received_; }
  size_t Count(std::string_view text) const {
    size_t count = 0;
    size_t at = received_.find(text);
    for (; at != std::string::npos; at = received_.find(text, at + 1)) ++count;
    return count;
  }

 private:
  class Handler final : public TcpHandler {
   public:
    explicit Handler(Client& client) : client_(client) {}
    void OnConnected(TcpConnection& connection) override {
      client_.connection_ = &connection;
      if (!client_.reads_) connection.SetReceiveWindow(0);
      OnSendReady();
    }
    void OnReceive(IOBufChain data) override {
      client_.received_ += data.ToString();
    }
    void OnSendReady() override {
      if (client_.unsent() > 0) client_.connection_->Send(client_.to_send_);
    }
    void OnPeerClosed() override { client_.Close(); }
    void OnClosed(const absl::Status&) override {
      client_.connection_ = nullptr;
      client_.closed_ = true;
    }

   private:
    Client& client_;
  };

  IOBufChain to_send_;
  const bool reads_;
  TcpConnection* connection_ = nullptr;
  bool closed_ = false;
  std::string received_;
};

// A server on all cores; it must be left without connections.
struct Fixture {
  explicit Fixture(MemoryNetworkOptions options, json parameters = {}) {
    options.seed = ebbrt::testing::Seed();
    InstallMemoryNetwork(options);
    parameters["pages"] = {{{"path", "/"}, {"body", "page"}},
                           {{"path", "/large"}, {"bytes", kLargeBytes}}};
    auto configuration = ReadConfiguration(parameters);
    EXPECT_TRUE(configuration.ok()) << configuration.status();
    state = std::make_shared<SharedState>(*configuration);
    server = CreatePerCoreEbb<Server>(
        [state = state] { return std::make_unique<Server>(state); });
    auto listening = ListenTcpOnAllCores(
        kEndpoint,
        [server = server](const Endpoint&) { return server->Accept(); });
    EXPECT_TRUE(std::move(listening).Block().ok());
  }
  ~Fixture() {
    Statistics all = Shutdown();
    EXPECT_EQ(state->connections.load(), 0u);
    EXPECT_EQ(all.errors_of_server, 0u);
  }

  Statistics Shutdown() {
    std::vector<Future<Statistics>> cores;
    for (uint32_t i = 0; i < Platform::CoreCount(); ++i) {
      cores.push_back(Async(
          CoreId(i), [server = server] { return server->Shutdown(); }));
    }
    Statistics all;
    auto parts = WhenAll(std::move(cores)).Block();
    EXPECT_TRUE(parts.ok());
    for (auto& part : *parts) all.Add(*part);
    return all;
  }

  std::shared_ptr<SharedState> state;
  EbbRef<Server> server{EbbId()};
};

std::string Get(std::string_view path, std::string_view header = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" +
         std::string(header) + "\r\n";
}
const char kClose[] = "Connection: close\r\n";

TEST(HttpConnection, AnswersWhateverTheCuts) {
  RunOnCores(2, [] {
    Fixture fixture({.jitter = microseconds(20),
                     .window_bytes = 1000,
                     .segment_bytes_max = 7,
                     .cut_randomly = true});
    Client client(Get("/") + Get("/none") + Get("/large", kClose));
    Await([&] { return client.closed(); });
    const std::string& all = client.received();
    EXPECT_TRUE(all.starts_with("HTTP/1.1 200 OK\r\n"));
    size_t second = all.find("\r\n\r\npageHTTP/1.1 404 Not Found\r\n");
    size_t third = all.find("path.\nHTTP/1.1 200 OK\r\n");
    EXPECT_LT(second, third);
    EXPECT_NE(third, std::string::npos);
    size_t body = all.find("\r\n\r\n", third) + 4;
    EXPECT_EQ(all.size() - body, kLargeBytes);
    EXPECT_EQ(all.substr(body, 3), "0..");
    EXPECT_EQ(all.substr(body + 64 * 1000, 6), "64000.");
  });
}

TEST(HttpConnection, AnswersAClientThatHasStoppedSending) {
  RunOnCores(1, [] {
    Fixture fixture({.segment_bytes_max = 3});
    Client client(Get("/") + Get("/"));
    Await([&] { return client.connected(); });
    client.Close();
    Await([&] { return client.closed(); });
    EXPECT_EQ(client.Count("\r\n\r\npage"), 2u);
  });
}

TEST(HttpConnection, AnErrorIsTheLastThingSaid) {
  RunOnCores(1, [] {
    Fixture fixture({});
    Client client(Get("/") + "nonsense\r\n" + Get("/") +
                  std::string(10'000, 'x'));
    Await([&] { return client.closed(); });
    EXPECT_EQ(client.Count("HTTP/1.1 200 OK"), 1u);
    EXPECT_EQ(client.Count("HTTP/1.1 400 Bad Request"), 1u);
    EXPECT_TRUE(client.received().ends_with("HTTP/1.1 request.\n"));
  });
}

// One that goes on for ever is not listened to for ever.
TEST(HttpConnection, DropsABoundedAmountAfterAnError) {
  RunOnCores(1, [] {
    Fixture fixture({});
    Client client("nonsense\r\n" +
                  std::string(2 * Connection::kDroppedBytesMax, 'x'));
    Await([&] { return client.closed(); });
  });
}

TEST(HttpConnection, AClientThatDoesNotReadIsNotReadFrom) {
  RunOnCores(1, [] {
    Fixture fixture({.window_bytes = 64 * kKiB});
    constexpr size_t kGets = 20'000;
    std::string gets;
    for (size_t i = 0; i < kGets; ++i) gets += Get("/");
    for (size_t i = 0; i < 20; ++i) gets += Get("/large");
    const size_t total = gets.size();
    Client client(gets + Get("/", kClose), /*reads=*/false);
    Await([&] { return client.connected(); });
    ASSERT_TRUE(Delay(milliseconds(20)).Block().ok());
    // The rest of the requests stays where it is.
    EXPECT_GT(client.unsent(), 0u);
    EXPECT_LT(client.unsent(), total);
    // Others are served meanwhile.
    Client other(Get("/", kClose));
    Await([&] { return other.closed(); });
    EXPECT_EQ(other.Count("page"), 1u);
    client.ReadOn();
    Await([&] { return client.closed(); });
    EXPECT_EQ(client.Count("HTTP/1.1 200 OK\r\n"), kGets + 21);
    EXPECT_GT(client.received().size(), 20 * kLargeBytes);
  });
}

TEST(HttpConnection, EndsClientsThatMakeNoProgress) {
  RunOnCores(1, [] {
    Fixture fixture({.window_bytes = 1000}, {{"idle_timeout_s", 1}});
    Client idle(Get("/"));
    Client half("GET / HT");
    Client deaf(Get("/large"), /*reads=*/false);
    Await([&] { return idle.closed() && half.closed() && deaf.closed(); });
    EXPECT_EQ(idle.Count("HTTP/1.1 200 OK"), 1u);
    EXPECT_EQ(idle.Count("HTTP/1.1"), 1u);
    EXPECT_EQ(half.Count("HTTP/1.1 408 Request Timeout"), 1u);
    EXPECT_LT(deaf.received().size(), kLargeBytes);
    EXPECT_GE(fixture.server->statistics().connections_timed_out, 3u);
  });
}

// A client that takes its time, but takes, is served to the end.
TEST(HttpConnection, AClientThatIsSlowIsServed) {
  RunOnCores(1, [] {
    Fixture fixture({.delay = milliseconds(15), .window_bytes = 1000},
                    {{"idle_timeout_s", 1}});
    Client slow(Get("/large", kClose));
    Await([&] { return slow.closed(); });
    EXPECT_GT(slow.received().size(), kLargeBytes);
  });
}

TEST(HttpConnection, RefusesMoreThanItMayHave) {
  RunOnCores(1, [] {
    Fixture fixture({}, {{"connections_max", 2}});
    Client first(Get("/"));
    Client second(Get("/"));
    Await([&] { return first.Count("page") + second.Count("page") == 2; });
    Client third(Get("/"));
    Await([&] { return third.closed(); });
    EXPECT_EQ(third.received(), "");
    first.Abort();
    Await([&] { return fixture.state->connections.load() == 1; });
    Client fourth(Get("/"));
    Await([&] { return fourth.Count("page") == 1; });
  });
}

TEST(HttpConnection, ConnectionsAreLostAtEveryPoint) {
  RunOnCores(2, [] {
    Fixture fixture({.jitter = microseconds(10),
                     .window_bytes = 3000,
                     .segment_bytes_max = 200,
                     .cut_randomly = true,
                     .reset = 0.01});
    Random random(ebbrt::testing::Seed());
    for (int round = 0; round < 20; ++round) {
      std::vector<std::unique_ptr<Client>> clients;
      for (int i = 0; i < 8; ++i) {
        clients.push_back(std::make_unique<Client>(
            Get("/") + Get("/large") + Get("/", kClose)));
      }
      ASSERT_TRUE(Delay(microseconds(random.Below(2000))).Block().ok());
      if (random.Chance(0.5)) {
        for (auto& client : clients) client->Abort();
      }
      for (auto& client : clients) Await([&] { return client->closed(); });
    }
    Await([&] { return fixture.state->connections.load() == 0; });
    Client client(Get("/", kClose));
    Await([&] { return client.closed(); });
  });
}

}  // namespace
}  // namespace ebbrt::httpd
