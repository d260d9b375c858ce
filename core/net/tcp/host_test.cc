// What a host bounds, and what it does when it is short of things.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "core/base/types.h"
#include "core/net/tcp/connection.h"
#include "core/net/tcp/cubic.h"
#include "core/net/tcp/host.h"
#include "core/net/tcp/options.h"
#include "core/net/tcp/testing/stream.h"
#include "core/net/tcp/testing/world.h"
#include "core/testing/allocation_faults.h"

namespace ebbrt::tcp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::StreamEnd;
using testing::World;

constexpr Endpoint kServer = {World::kServer, 80};

// Many connections of one world.
class Crowd {
 public:
  explicit Crowd(const World::Setup& setup) : world(setup) {
    EXPECT_TRUE(world.server()
                    .host()
                    .Listen(kServer,
                            [this](const Endpoint&) {
                              servers.push_back(std::make_unique<StreamEnd>(
                                  2, 1, servers.size()));
                              return servers.back()->MakeHandler();
                            })
                    .ok());
  }
  absl::Status Connect() {
    clients.push_back(std::make_unique<StreamEnd>(1, 2, clients.size()));
    std::unique_ptr<TcpHandler> handler = clients.back()->MakeHandler();
    return world.client().host().Connect({World::kClient, 0}, kServer,
                                         handler);
  }

  // The handlers refer to the ends, and go with the world.
  std::vector<std::unique_ptr<StreamEnd>> clients;
  std::vector<std::unique_ptr<StreamEnd>> servers;
  World world;
};

TEST(TcpHost, AnIdleConnectionIsSmall) {
  EXPECT_LE(sizeof(Connection) + sizeof(Cubic), 1024u)
      << sizeof(Connection) << " + " << sizeof(Cubic);
}

TEST(TcpHost, BoundsConnections) {
  World::Setup setup;
  setup.client.connections_max = 5;
  setup.server.connections_max = 3;
  Crowd crowd(setup);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(crowd.Connect().ok());
  EXPECT_EQ(crowd.Connect().code(), absl::StatusCode::kResourceExhausted);
  crowd.world.RunFor(milliseconds(10));
  EXPECT_EQ(crowd.servers.size(), 3u);
  // As some end, others are accepted.
  for (auto& end : crowd.servers) end->connection->Abort();
  crowd.world.RunFor(seconds(5));
  EXPECT_EQ(crowd.servers.size(), 5u);
}

TEST(TcpHost, GivesEachConnectionAPortAndRunsOut) {
  World::Setup setup;
  setup.client.ephemeral_port_min = 40000;
  setup.client.ephemeral_port_max = 40003;
  Crowd crowd(setup);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(crowd.Connect().ok());
  EXPECT_EQ(crowd.Connect().code(), absl::StatusCode::kResourceExhausted);
  crowd.world.RunFor(milliseconds(10));
  EXPECT_EQ(crowd.servers.size(), 4u);
}

TEST(TcpHost, AnswersWithCookiesBeyondTheHalfOpen) {
  World::Setup setup;
  setup.server.half_open_max = 10;
  Crowd crowd(setup);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(crowd.Connect().ok());
  for (auto& end : crowd.clients) {
    end->Send(10'000);
    end->CloseAfterSending();
  }
  crowd.world.RunFor(seconds(1));
  const Counters& counters = crowd.world.server().host().counters();
  EXPECT_EQ(counters.cookies_sent, 40u);
  EXPECT_EQ(counters.cookies_accepted, 40u);
  ASSERT_EQ(crowd.servers.size(), 50u);
  for (auto& end : crowd.servers) EXPECT_EQ(end->received, 10'000u);
}

TEST(TcpHost, BoundsTimeWait) {
  World::Setup setup;
  setup.client.time_wait_max = 7;
  Crowd crowd(setup);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(crowd.Connect().ok());
  for (auto& end : crowd.clients) end->CloseAfterSending();
  crowd.world.RunFor(milliseconds(10));
  ASSERT_EQ(crowd.servers.size(), 20u);
  for (auto& end : crowd.servers) end->CloseAfterSending();
  crowd.world.RunFor(milliseconds(10));
  EXPECT_EQ(crowd.world.client().host().connection_count(), 0u);
  EXPECT_EQ(crowd.world.client().host().time_wait_count(), 7u);
  crowd.world.RunFor(seconds(61));
  EXPECT_EQ(crowd.world.client().host().time_wait_count(), 0u);
}

TEST(TcpHost, RefusesAsTheAcceptorDoes) {
  World world({});
  ASSERT_TRUE(world.server()
                  .host()
                  .Listen(kServer, [](const Endpoint&) { return nullptr; })
                  .ok());
  StreamEnd client(1, 2, 1);
  std::unique_ptr<TcpHandler> handler = client.MakeHandler();
  ASSERT_TRUE(world.client()
                  .host()
                  .Connect({World::kClient, 0}, kServer, handler)
                  .ok());
  world.RunFor(seconds(1));
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(client.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(world.server().host().connection_count(), 0u);
}

TEST(TcpHost, ListensToAFreePort) {
  World world({});
  Host& host = world.server().host();
  const auto nobody = [](const Endpoint&) { return nullptr; };
  const auto first = host.Listen({World::kServer, 0}, nobody);
  const auto second = host.Listen({World::kServer, 0}, nobody);
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(second.ok());
  EXPECT_NE(first->port, second->port);
  EXPECT_EQ(host.Listen(*first, nobody).status().code(),
            absl::StatusCode::kAlreadyExists);
  host.StopListening(*first);
  EXPECT_TRUE(host.Listen(*first, nobody).ok());
}

// A connection in which the n-th allocation is refused: it may end, but then
// both sides know; and it goes on where that can be.
TEST(TcpHost, PutsUpWithoutMemory) {
  constexpr uint64_t kAllocationsMax = 5000;
  for (uint64_t nth = 0; nth < kAllocationsMax; ++nth) {
    Crowd crowd({});
    // What they send is there before.
    StreamEnd client(1, 2, nth);
    client.Send(30'000);
    client.CloseAfterSending();
    std::unique_ptr<TcpHandler> handler = client.MakeHandler();
    absl::Status opened;
    bool refused = false;
    {
      ebbrt::testing::RefuseAllocation refuse(nth);
      opened = crowd.world.client().host().Connect({World::kClient, 0},
                                                   kServer, handler);
      crowd.world.RunFor(seconds(5));
      refused = refuse.refused();
    }
    if (!opened.ok()) {
      EXPECT_EQ(opened.code(), absl::StatusCode::kResourceExhausted);
      EXPECT_NE(handler, nullptr);
      continue;
    }
    for (auto& end : crowd.servers) end->CloseAfterSending();
    crowd.world.RunFor(seconds(200));
    EXPECT_TRUE(client.closed) << nth;
    if (client.status.ok()) {
      ASSERT_EQ(crowd.servers.size(), 1u);
      EXPECT_EQ(crowd.servers[0]->received, 30'000u) << nth;
    }
    EXPECT_EQ(crowd.world.server().host().connection_count(), 0u) << nth;
    if (!refused) return;
  }
  FAIL() << "there is no end of allocations";
}

}  // namespace
}  // namespace ebbrt::tcp
