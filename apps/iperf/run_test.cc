// Both ends as applications, over the memory network, which cuts, delays and
// loses their connections.
#include "apps/iperf/run.h"

#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "apps/iperf/client_header.h"
#include "apps/iperf/options.h"
#include "core/async/combinators.h"
#include "core/buf/iobuf.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/endpoint.h"
#include "core/net/memory_network.h"
#include "core/net/network.h"
#include "core/testing/fake_application.h"
#include "core/testing/run_on_cores.h"
#include "platform/current.h"

namespace ebbrt::iperf {
namespace {

using ebbrt::testing::FakeApplication;
using ebbrt::testing::RunOnCores;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr char kEndpoint[] = "10.0.0.1:5001";

Json With(Json parameters, const Json& changes) {
  parameters.update(changes);
  return parameters;
}

Json ServerParameters() { return {{"address", "10.0.0.1"}}; }
Json ClientParameters(const Json& changes) {
  return With({{"mode", "client"}, {"server", kEndpoint}}, changes);
}

struct Outcome {
  absl::StatusOr<int> code = absl::UnknownError("has not ended");
  Json client;
  Json server;
};

// Runs a client against a server, both on this node.
Outcome RunEnds(const Json& client_parameters) {
  FakeApplication server(ServerParameters());
  FakeApplication client(ClientParameters(client_parameters));
  Future<int> serving = RunIperf(server);
  Outcome outcome;
  outcome.code = RunIperf(client).Block();
  outcome.client = client.metrics;
  server.Stop();
  absl::StatusOr<int> served = std::move(serving).Block();
  EXPECT_TRUE(served.ok()) << served.status();
  outcome.server = server.metrics;
  return outcome;
}

Outcome RunOn(uint32_t cores, MemoryNetworkOptions options,
              const Json& client_parameters) {
  Outcome outcome;
  RunOnCores(cores, [&] {
    options.seed = ebbrt::testing::Seed();
    InstallMemoryNetwork(options);
    outcome = RunEnds(client_parameters);
    EXPECT_EQ(MemoryConnectionCount(), 0u);
  });
  return outcome;
}

TEST(Iperf, SendsTheBytesThatItIsToldTo) {
  for (int message_bytes : {1, 1000, 300'000}) {
    SCOPED_TRACE(message_bytes);
    const Outcome outcome =
        RunOn(1,
              {.jitter = microseconds(5),
               .window_bytes = 10'000,
               .segment_bytes_max = 2000,
               .cut_randomly = true},
              {{"bytes", 100'001}, {"message_bytes", message_bytes}});
    ASSERT_TRUE(outcome.code.ok()) << outcome.code.status();
    EXPECT_EQ(*outcome.code, 0);
    EXPECT_EQ(outcome.client["bytes"], 100'001);
    EXPECT_EQ(outcome.client["messages"],
              (100'001 + message_bytes - 1) / message_bytes);
    EXPECT_EQ(outcome.client["connections_lost"], 0);
    EXPECT_GT(outcome.client["throughput_bps"], 0);
    EXPECT_EQ(outcome.server["bytes"], 100'001);
    EXPECT_EQ(outcome.server["connections"], 1);
    EXPECT_EQ(outcome.server["connections_failed"], 0);
  }
}

TEST(Iperf, SharesBytesAmongConnectionsOfAllCores) {
  // Fewer bytes than connections: some send none.
  for (int bytes : {3, 100'003}) {
    const Outcome outcome =
        RunOn(3, {}, {{"bytes", bytes}, {"connections", 5}});
    ASSERT_TRUE(outcome.code.ok()) << outcome.code.status();
    EXPECT_EQ(outcome.client["bytes"], bytes);
    EXPECT_EQ(outcome.client["connections"], 5);
    EXPECT_EQ(outcome.server["bytes"], bytes);
    EXPECT_EQ(outcome.server["connections"], 5);
  }
}

TEST(Iperf, SendsForTheTimeThatItIsToldTo) {
  const Outcome outcome =
      RunOn(2, {.delay = microseconds(100)},
            {{"duration_s", 0.2}, {"connections", 2}, {"message_bytes", 1000}});
  ASSERT_TRUE(outcome.code.ok()) << outcome.code.status();
  EXPECT_GE(outcome.client["duration_s"], 0.2);
  EXPECT_GT(outcome.client["bytes"], 1000);
  EXPECT_EQ(outcome.client["bytes"], outcome.server["bytes"])
      << "the server has read everything";
  const double expected = 8 * outcome.client["bytes"].get<double>() /
                          outcome.client["duration_s"].get<double>();
  EXPECT_NEAR(outcome.client["throughput_bps"].get<double>(), expected,
              expected * 1e-9);
  EXPECT_LE(outcome.server["duration_s"], outcome.client["duration_s"]);
}

TEST(Iperf, WaitsForAServer) {
  RunOnCores(1, [] {
    InstallMemoryNetwork({.seed = ebbrt::testing::Seed()});
    FakeApplication client(ClientParameters({{"bytes", 1000}}));
    Future<int> measuring = RunIperf(client);
    EXPECT_TRUE(Delay(milliseconds(20)).Block().ok());
    FakeApplication server(ServerParameters());
    Future<int> serving = RunIperf(server);
    absl::StatusOr<int> measured = std::move(measuring).Block();
    EXPECT_TRUE(measured.ok()) << measured.status();
    server.Stop();
    EXPECT_TRUE(std::move(serving).Block().ok());
    EXPECT_EQ(server.metrics["bytes"], 1000);
  });
}

TEST(Iperf, SaysThatThereIsNoServer) {
  RunOnCores(2, [] {
    InstallMemoryNetwork({.seed = ebbrt::testing::Seed()});
    FakeApplication client(
        ClientParameters({{"connect_s", 0.1}, {"connections", 3}}));
    absl::StatusOr<int> code = RunIperf(client).Block();
    EXPECT_EQ(code.status().code(), absl::StatusCode::kUnavailable);
    EXPECT_NE(std::string(code.status().message()).find(kEndpoint),
              std::string::npos);
    EXPECT_EQ(client.reports, 0);
  });
}

// What is left of the connections is measured, and the loss is told.
TEST(Iperf, CountsConnectionsThatAreLost) {
  int lost = 0;
  for (int i = 0; i < 10; ++i) {
    RunOnCores(2, [&] {
      InstallMemoryNetwork({.seed = ebbrt::testing::Seed() + i,
                            .segment_bytes_max = 1000,
                            .reset = 0.001});
      const Outcome outcome =
          RunEnds({{"bytes", 2'000'000}, {"connections", 4}});
      if (outcome.client.is_null()) return;  // None was ever open.
      EXPECT_EQ(outcome.client["connections"], 4);
      if (outcome.client["connections_lost"] == 0) return;
      ++lost;
      EXPECT_FALSE(outcome.code.ok());
    });
  }
  EXPECT_GT(lost, 0);
}

TEST(Iperf, StopsWhenAsked) {
  RunOnCores(2, [] {
    InstallMemoryNetwork(
        {.seed = ebbrt::testing::Seed(), .delay = microseconds(100)});
    FakeApplication server(ServerParameters());
    FakeApplication client(ClientParameters({{"connections", 4}}));
    Future<int> serving = RunIperf(server);
    Future<int> measuring = RunIperf(client);
    // All are open, and some has been sent.
    while (client.progress < 0 && !measuring.ready()) {
      EXPECT_TRUE(Delay(milliseconds(1)).Block().ok());
    }
    EXPECT_TRUE(Delay(milliseconds(30)).Block().ok());
    client.Stop();
    absl::StatusOr<int> measured = std::move(measuring).Block();
    EXPECT_EQ(measured.status().code(), absl::StatusCode::kAborted);
    EXPECT_EQ(client.metrics["connections_lost"], 4);
    server.Stop();
    EXPECT_TRUE(std::move(serving).Block().ok());
    EXPECT_GT(server.metrics["bytes"], 0);
  });
}

// A client of our own making: what it gets back.
class Talker final : public TcpHandler {
 public:
  struct Heard {
    std::string bytes;
    bool closed = false;
  };
  Talker(std::string_view says, Heard& heard)
      : says_(IOBuf::CopyOf(says)), heard_(heard) {}
  void OnConnected(TcpConnection& connection) override {
    connection_ = &connection;
    OnSendReady();
  }
  void OnSendReady() override {
    connection_->Send(says_);
    if (says_.empty()) connection_->Close();
  }
  void OnReceive(IOBufChain data) override { heard_.bytes += data.ToString(); }
  void OnPeerClosed() override {}
  void OnClosed(const absl::Status&) override { heard_.closed = true; }

 private:
  TcpConnection* connection_ = nullptr;
  IOBufChain says_;
  Heard& heard_;
};

std::string Header(uint32_t flags, char more) {
  std::string header(100, '\0');
  for (int i = 0; i < 4; ++i) {
    header[i] = static_cast<char>(flags >> (24 - 8 * i));
  }
  header[32] = more;
  return header;
}

TEST(Iperf, AnswersClientsAsTheyExpect) {
  RunOnCores(1, [] {
    InstallMemoryNetwork({.seed = ebbrt::testing::Seed(),
                          .segment_bytes_max = 7,
                          .cut_randomly = true});
    FakeApplication server(ServerParameters());
    Future<int> serving = RunIperf(server);
    while (server.ready.is_null()) {
      ASSERT_TRUE(Delay(milliseconds(1)).Block().ok());
    }
    const Endpoint endpoint = *Endpoint::Parse(kEndpoint);
    Talker::Heard plain, asks, reverse;
    network->ConnectTcp(
        endpoint, std::make_unique<Talker>(Header(0x40010078, 0), plain));
    network->ConnectTcp(
        endpoint, std::make_unique<Talker>(Header(0x46010078, 0), asks));
    network->ConnectTcp(
        endpoint, std::make_unique<Talker>(Header(0x44010078, 4), reverse));
    for (int i = 0; i < 1000; ++i) {
      if (plain.closed && asks.closed && reverse.closed) break;
      EXPECT_TRUE(Delay(milliseconds(1)).Block().ok());
    }
    EXPECT_TRUE(plain.closed && asks.closed && reverse.closed);
    EXPECT_EQ(plain.bytes, "");
    EXPECT_EQ(asks.bytes, kAcknowledgement);
    EXPECT_EQ(reverse.bytes, "");
    server.Stop();
    EXPECT_TRUE(std::move(serving).Block().ok());
    EXPECT_EQ(server.metrics["connections"], 3);
    EXPECT_EQ(server.metrics["connections_failed"], 1);
  });
}

TEST(Iperf, RefusesWrongParameters) {
  for (const auto& [parameters, message] :
       std::initializer_list<std::pair<Json, const char*>>{
           {{{"port", -1}}, "parameters.port: found -1"},
           {{{"address", "x"}}, "parameters.address"},
           {{{"mode", "client"}, {"server", "x"}}, "parameters.server"},
           {{{"mode", "client"}, {"message_bytes", 0}},
            "parameters.message_bytes: found 0"},
           {{{"mode", "client"}, {"bytes", 1}, {"duration_s", 1}},
            "parameters.bytes"},
           {{{"mode", "both"}}, "parameters.mode"},
           {{{"adress", "::"}}, "the nearest is \"address\""}}) {
    absl::StatusOr<Options> options = ReadOptions(parameters);
    EXPECT_EQ(options.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(std::string(options.status().message()).find(message),
              std::string::npos)
        << options.status();
  }
}

}  // namespace
}  // namespace ebbrt::iperf
