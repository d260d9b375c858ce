// What the network interface promises of listening, of many connections, and
// of datagrams, of whatever network the platform installs by default: only
// core/net/network.h is used here.
#include "core/net/network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/async/combinators.h"
#include "core/base/random.h"
#include "core/base/types.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/endpoint.h"
#include "core/net/network_testing.h"
#include "core/testing/run_on_cores.h"

namespace ebbrt {
namespace {

using std::chrono::milliseconds;
using testing::Await;
using testing::Bytes;
using testing::Echo;
using testing::End;
using testing::kAnyPort;
using testing::Pair;
using testing::Pattern;
using testing::RecordingHandler;
using testing::RunWithNetwork;
using testing::Sender;

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
        return std::make_unique<Echo>();
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
