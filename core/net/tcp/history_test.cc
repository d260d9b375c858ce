// Histories drawn from seeds: two hosts, a link that drops, repeats, reorders
// and marks, applications that change their minds; every byte is checked.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>

#include "core/base/random.h"
#include "core/base/types.h"
#include "core/net/tcp/host.h"
#include "core/net/tcp/options.h"
#include "core/net/tcp/testing/stream.h"
#include "core/net/tcp/testing/world.h"
#include "core/testing/seed.h"

namespace ebbrt::tcp {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::LinkOptions;
using testing::StreamEnd;
using testing::World;

constexpr uint64_t kHistories = 300;
constexpr uint16_t kPort = 80;
// Longer than a host of these waits for an acknowledgment: a FIN that comes
// again must find who remembers the connection.
constexpr Duration kTimeWait = seconds(120);

// More of them: EBBRT_TCP_HISTORIES=N.
uint64_t Histories() {
  const char* text = std::getenv("EBBRT_TCP_HISTORIES");
  return text == nullptr ? kHistories : std::strtoull(text, nullptr, 10);
}

LinkOptions DrawLink(Random& random) {
  LinkOptions link;
  link.delay = microseconds(random.Between(10, 30'000));
  if (random.Chance(0.5)) {
    link.rate = random.Between(200'000, 200'000'000);
    link.buffer_bytes = random.Between(8'000, 400'000);
    if (random.Chance(0.5)) link.mark_bytes = link.buffer_bytes / 3;
  }
  if (random.Chance(0.6)) link.loss = random.Fraction() * 0.08;
  if (random.Chance(0.4)) link.duplication = random.Fraction() * 0.1;
  if (random.Chance(0.4)) {
    link.reordering = random.Fraction() * 0.3;
    link.reordering_delay_max = microseconds(random.Between(1, 20'000));
  }
  return link;
}

Options DrawOptions(Random& random) {
  Options options;
  options.timestamps = !random.Chance(0.2);
  options.selective_acknowledgment = !random.Chance(0.2);
  options.nagle = random.Chance(0.2);
  options.congestion = random.Chance(0.5) ? CongestionAlgorithm::kCubic
                                          : CongestionAlgorithm::kNewReno;
  options.ecn = static_cast<EcnUse>(random.Below(3));
  options.receive_window_max =
      static_cast<uint32_t>(random.Between(2'000, 3'000'000));
  if (random.Chance(0.3)) options.acknowledgment_delay = Duration::zero();
  if (random.Chance(0.2)) options.half_open_max = 0;  // Cookies only.
  if (random.Chance(0.2)) options.held_buffers_connection_max = 20;
  options.time_wait = kTimeWait;
  return options;
}

class History {
 public:
  explicit History(uint64_t seed)
      : random_(seed, 1), world_(Draw(random_, seed)), client_(1, 2, seed),
        server_(2, 1, seed + 1) {
    for (testing::Node* node : {&world_.client(), &world_.server()}) {
      node->path.segment_bytes_max =
          static_cast<uint16_t>(random_.Between(100, 2000));
      if (random_.Chance(0.3)) node->path.cut_bytes_max = 64000;
    }
    unwilling_ = random_.Chance(0.3);
  }

  void Run() {
    Host& listening = world_.server().host();
    ASSERT_TRUE(listening
                    .Listen({World::kServer, kPort},
                            [this](const Endpoint&) {
                              return server_.MakeHandler();
                            })
                    .ok());
    std::unique_ptr<TcpHandler> handler = client_.MakeHandler();
    ASSERT_TRUE(world_.client()
                    .host()
                    .Connect({World::kClient, 0}, {World::kServer, kPort},
                             handler)
                    .ok());
    const uint64_t client_bytes = random_.Below(600'000);
    const uint64_t server_bytes = random_.Below(600'000);
    client_.on_event = [this] { ChangeWindow(client_); };
    server_.on_event = [this] { ChangeWindow(server_); };
    client_.Send(client_bytes);
    server_.Send(server_bytes);
    client_.CloseAfterSending();
    server_.CloseAfterSending();
    const auto both_closed = [this] {
      return client_.closed && server_.closed;
    };
    // An unwilling application becomes willing after a while.
    for (int i = 0; i < 2000 && !world_.RunUntil(both_closed, seconds(1));
         ++i) {
      for (StreamEnd* end : {&client_, &server_}) {
        if (end->connection != nullptr) {
          end->connection->SetReceiveWindow(random_.Between(1, 100'000));
        }
      }
    }
    Judge(client_bytes, server_bytes);
  }

 private:
  static World::Setup Draw(Random& random, uint64_t seed) {
    return {.client = DrawOptions(random),
            .server = DrawOptions(random),
            .to_server = DrawLink(random),
            .to_client = DrawLink(random),
            .seed = seed};
  }

  void ChangeWindow(StreamEnd& end) {
    if (!unwilling_ || !random_.Chance(0.1)) return;
    end.connection->SetReceiveWindow(
        random_.Chance(0.3) ? 0 : random_.Between(1, 60'000));
  }

  void Judge(uint64_t client_bytes, uint64_t server_bytes) {
    EXPECT_TRUE(client_.closed);
    EXPECT_TRUE(server_.closed);
    EXPECT_TRUE(client_.status.ok()) << client_.status;
    EXPECT_TRUE(server_.status.ok()) << server_.status;
    EXPECT_EQ(server_.received, client_bytes);
    EXPECT_EQ(client_.received, server_bytes);
    EXPECT_TRUE(client_.peer_closed);
    EXPECT_TRUE(server_.peer_closed);
    EXPECT_EQ(world_.client().host().connection_count(), 0u);
    EXPECT_EQ(world_.server().host().connection_count(), 0u);
    // TIME-WAIT ends as well, and then nothing is due.
    world_.RunFor(2 * kTimeWait);
    EXPECT_EQ(world_.client().host().time_wait_count(), 0u);
    EXPECT_EQ(world_.server().host().time_wait_count(), 0u);
    EXPECT_EQ(world_.client().host().NextDeadline(), kTimeNever);
    EXPECT_EQ(world_.server().host().NextDeadline(), kTimeNever);
  }

  Random random_;
  World world_;
  StreamEnd client_;
  StreamEnd server_;
  bool unwilling_ = false;
};

TEST(TcpHistory, DeliversEveryByteWhateverHappens) {
  const uint64_t first = ebbrt::testing::Seed();
  for (uint64_t i = 0; i < Histories(); ++i) {
    const uint64_t seed = MixBits(first + i) >> 1;
    SCOPED_TRACE("EBBRT_SEED=" + std::to_string(first + i) +
                 " EBBRT_TCP_HISTORIES=1");
    History(seed).Run();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace ebbrt::tcp
