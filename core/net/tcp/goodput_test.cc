// How much gets through, in virtual time, hence exactly: against what the
// models of the algorithms say.
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <memory>

#include "core/base/types.h"
#include "core/net/tcp/host.h"
#include "core/net/tcp/options.h"
#include "core/net/tcp/testing/stream.h"
#include "core/net/tcp/testing/world.h"

namespace ebbrt::tcp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::LinkOptions;
using testing::StreamEnd;
using testing::World;

constexpr uint64_t kSeed = 7;
constexpr double kSegmentBits = 1448 * 8;

struct Result {
  double bits_a_second = 0;
  uint64_t timeouts = 0;
  uint64_t retransmitted = 0;
  uint64_t dropped = 0;
  uint64_t marked = 0;
};

// One direction, for so long, of as much as goes.
Result Measure(const LinkOptions& link, const Options& options,
               Duration duration) {
  World world({.client = options,
               .server = options,
               .to_server = link,
               .to_client = {.delay = link.delay},
               .seed = kSeed});
  StreamEnd client(1, 2, kSeed);
  StreamEnd server(2, 1, kSeed);
  EXPECT_TRUE(world.server()
                  .host()
                  .Listen({World::kServer, 80},
                          [&](const Endpoint&) { return server.MakeHandler(); })
                  .ok());
  std::unique_ptr<TcpHandler> handler = client.MakeHandler();
  EXPECT_TRUE(world.client()
                  .host()
                  .Connect({World::kClient, 0}, {World::kServer, 80}, handler)
                  .ok());
  // There is always more to send.
  uint64_t given = 0;
  client.on_event = [&] {
    constexpr uint64_t kAhead = 8 * kMiB;
    if (given - client.taken > kAhead / 2) return;
    given += kAhead;
    client.Send(kAhead);
  };
  world.RunFor(duration);
  const Counters& counters = world.client().host().counters();
  return {.bits_a_second =
              static_cast<double>(server.received) * 8 /
              std::chrono::duration<double>(duration).count(),
          .timeouts = counters.timeouts,
          .retransmitted = counters.segments_retransmitted,
          .dropped = world.client().out.dropped(),
          .marked = world.client().out.marked()};
}

// What losses of probability `p` leave of a round trip of `rtt`: RFC 9438
// section 5.2 gives the larger of the two, RFC 3649 section 2 the standard's.
double ModelBitsASecond(double p, double rtt) {
  const double standard = std::sqrt(1.5 / p);
  const double cubic = 1.054 * std::pow(rtt / p, 0.75);
  return std::max(standard, cubic) * kSegmentBits / rtt;
}

class Goodput : public ::testing::TestWithParam<CongestionAlgorithm> {
 protected:
  Options MakeOptions() const {
    Options options;
    options.congestion = GetParam();
    options.receive_window_max = 4 * kMiB;
    return options;
  }
};

TEST_P(Goodput, UnderOnePercentLoss) {
  const Result result = Measure({.delay = milliseconds(20), .loss = 0.01},
                                MakeOptions(), seconds(30));
  RecordProperty("bits_a_second", std::to_string(result.bits_a_second));
  EXPECT_GT(result.bits_a_second, 0.75 * ModelBitsASecond(0.01, 0.04));
  EXPECT_LT(result.bits_a_second, 1.5 * ModelBitsASecond(0.01, 0.04));
  // What is lost is seen without waiting for a timeout, but for a few.
  EXPECT_LT(result.timeouts, result.dropped / 20);
}

TEST_P(Goodput, UnderFivePercentLoss) {
  const Result result = Measure({.delay = milliseconds(20), .loss = 0.05},
                                MakeOptions(), seconds(30));
  RecordProperty("bits_a_second", std::to_string(result.bits_a_second));
  EXPECT_GT(result.bits_a_second, 0.6 * ModelBitsASecond(0.05, 0.04));
  EXPECT_LT(result.timeouts, result.dropped / 8);
}

TEST_P(Goodput, FillsALinkWithoutLoss) {
  // A hundred megabits, and a buffer of one round trip.
  const Result result = Measure({.delay = milliseconds(20),
                                 .rate = 12'500'000,
                                 .buffer_bytes = 500'000},
                                MakeOptions(), seconds(10));
  RecordProperty("bits_a_second", std::to_string(result.bits_a_second));
  EXPECT_GT(result.bits_a_second, 0.85 * 100e6);
  EXPECT_EQ(result.timeouts, 0u);
}

TEST_P(Goodput, MarksTakeThePlaceOfLosses) {
  Options options = MakeOptions();
  options.ecn = EcnUse::kRequest;
  const Result result = Measure({.delay = milliseconds(20),
                                 .rate = 12'500'000,
                                 .buffer_bytes = 2'000'000,
                                 .mark_bytes = 300'000},
                                options, seconds(10));
  EXPECT_GT(result.bits_a_second, 0.8 * 100e6);
  EXPECT_GT(result.marked, 0u);
  EXPECT_EQ(result.dropped, 0u);
  EXPECT_EQ(result.retransmitted, 0u);
}

// RFC 8985: what comes late is not taken for lost, once that is known.
TEST_P(Goodput, LearnsOfReordering) {
  const Result result = Measure({.delay = milliseconds(20),
                                 .rate = 12'500'000,
                                 .buffer_bytes = 500'000,
                                 .reordering = 0.05,
                                 .reordering_delay_max = milliseconds(5)},
                                MakeOptions(), seconds(10));
  EXPECT_GT(result.bits_a_second, 0.6 * 100e6);
  EXPECT_EQ(result.timeouts, 0u);
}

TEST_P(Goodput, IsTheSameEveryTime) {
  const LinkOptions link = {.delay = milliseconds(20), .loss = 0.02};
  const Result first = Measure(link, MakeOptions(), seconds(10));
  const Result second = Measure(link, MakeOptions(), seconds(10));
  EXPECT_EQ(first.bits_a_second, second.bits_a_second);
  EXPECT_EQ(first.retransmitted, second.retransmitted);
}

INSTANTIATE_TEST_SUITE_P(Tcp, Goodput,
                         ::testing::Values(CongestionAlgorithm::kNewReno,
                                           CongestionAlgorithm::kCubic),
                         [](const auto& info) {
                           return info.param == CongestionAlgorithm::kCubic
                                      ? "Cubic"
                                      : "NewReno";
                         });

}  // namespace
}  // namespace ebbrt::tcp
