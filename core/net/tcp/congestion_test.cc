// The algorithms of the window, of loss and of the timeout, by themselves.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>

#include "core/net/tcp/congestion_control.h"
#include "core/net/tcp/hystart.h"
#include "core/net/tcp/options.h"
#include "core/net/tcp/prr.h"
#include "core/net/tcp/rtt.h"
#include "core/net/tcp/sequence.h"

namespace ebbrt::tcp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint32_t kSegment = 1000;
constexpr RttEstimator::Bounds kBounds = {.margin_min = milliseconds(200),
                                          .timeout_max = seconds(60),
                                          .initial = seconds(1)};

// RFC 6298 section 2.
TEST(RttEstimator, MakesATimeout) {
  RttEstimator rtt;
  EXPECT_EQ(rtt.Timeout(kBounds), seconds(1));
  rtt.OnSample(milliseconds(800), 1, Time{});
  EXPECT_EQ(rtt.Timeout(kBounds), milliseconds(800 + 4 * 400));
  rtt.OnSample(milliseconds(800), 1, Time{});
  EXPECT_EQ(rtt.Timeout(kBounds), milliseconds(800 + 4 * 300));
  for (int i = 0; i < 100; ++i) rtt.OnSample(milliseconds(800), 1, Time{});
  EXPECT_EQ(rtt.Timeout(kBounds), milliseconds(1000));
  rtt.BackOff();
  rtt.BackOff();
  EXPECT_EQ(rtt.Timeout(kBounds), milliseconds(4000));
  for (int i = 0; i < 50; ++i) rtt.BackOff();
  EXPECT_EQ(rtt.Timeout(kBounds), seconds(60));
  rtt.ResetBackOff();
  EXPECT_EQ(rtt.Timeout(kBounds), milliseconds(1000));
}

TEST(RttEstimator, ForgetsALeastRoundTripAfterAWhile) {
  RttEstimator rtt;
  Time now(seconds(1000));
  rtt.OnSample(milliseconds(1), 1, now);
  rtt.OnSample(milliseconds(50), 1, now);
  EXPECT_EQ(rtt.least(), milliseconds(1));
  now += RttEstimator::kLeastWindow + seconds(1);
  rtt.OnSample(milliseconds(40), 1, now);
  EXPECT_EQ(rtt.least(), milliseconds(1));
  now += RttEstimator::kLeastWindow + seconds(1);
  rtt.OnSample(milliseconds(50), 1, now);
  EXPECT_EQ(rtt.least(), milliseconds(40));
}

AckEvent Ack(uint32_t bytes, Time now, bool limited = true) {
  return {.now = now,
          .acknowledged_bytes = bytes,
          .window_limited = limited,
          .rtt_latest = milliseconds(10),
          .rtt_mean = milliseconds(10),
          .acknowledged = Sequence(0),
          .sent = Sequence(0)};
}

// RFC 6928, RFC 5681 section 3.1.
TEST(NewReno, StartsSlowlyAndThenAddsASegmentARound) {
  auto control = MakeCongestionControl(CongestionAlgorithm::kNewReno, kSegment);
  EXPECT_EQ(control->window(), 10 * kSegment);
  control->OnAck(Ack(2 * kSegment, Time{}));
  EXPECT_EQ(control->window(), 12 * kSegment);
  control->OnAck(Ack(2 * kSegment, Time{}, /*limited=*/false));
  EXPECT_EQ(control->window(), 12 * kSegment) << "it was not used";
  control->OnCongestion(12 * kSegment, Time{});
  EXPECT_EQ(control->threshold(), 6 * kSegment);
  control->set_window(control->threshold());
  for (int i = 0; i < 5; ++i) control->OnAck(Ack(kSegment, Time{}));
  EXPECT_EQ(control->window(), 6 * kSegment);
  control->OnAck(Ack(kSegment, Time{}));
  EXPECT_EQ(control->window(), 7 * kSegment);
  control->OnSpurious();
  EXPECT_EQ(control->window(), 12 * kSegment);
  control->OnTimeout(12 * kSegment, Time{});
  EXPECT_EQ(control->window(), kSegment);
  EXPECT_EQ(control->threshold(), 6 * kSegment);
}

// RFC 9438 section 4.2: K = cbrt(W_max (1 - beta) / C), where it is W_max.
TEST(Cubic, ComesBackToWhereItWasAfterK) {
  auto control = MakeCongestionControl(CongestionAlgorithm::kCubic, kSegment);
  constexpr uint32_t kMax = 1000 * kSegment;
  control->set_window(kMax);
  Time now(seconds(100));
  control->OnCongestion(kMax, now);
  EXPECT_EQ(control->threshold(), 700 * kSegment);
  control->set_window(control->threshold());
  // cbrt(1000 * 0.3 / 0.4) = 9.086 seconds. A window a round of 100 ms.
  const Time begins = now;
  uint32_t last = control->window();
  while (now < begins + milliseconds(9086)) {
    for (int part = 0; part < 10; ++part) {
      now += milliseconds(10);
      AckEvent event = Ack(control->window() / 10, now);
      event.rtt_mean = milliseconds(100);
      control->OnAck(event);
    }
    EXPECT_GE(control->window(), last);
    last = control->window();
  }
  EXPECT_NEAR(control->window(), kMax, 10 * kSegment);
}

// RFC 9438 section 4.7.
TEST(Cubic, MakesRoomForOthersWhenItComesDownTwice) {
  auto control = MakeCongestionControl(CongestionAlgorithm::kCubic, kSegment);
  control->set_window(1000 * kSegment);
  control->OnCongestion(1000 * kSegment, Time{});
  control->set_window(800 * kSegment);
  control->OnCongestion(800 * kSegment, Time{});
  EXPECT_EQ(control->threshold(), 560 * kSegment);
  control->OnSpurious();
  EXPECT_EQ(control->threshold(), 700 * kSegment);
}

// RFC 9406 section 4.2.
TEST(HyStart, EndsAsDelaysGrow) {
  HyStart start;
  Sequence at(1);
  const auto round = [&](Duration rtt) {
    bool ends = false;
    const Sequence end = at + 100;
    for (int i = 0; i < 10; ++i) {
      ends = start.OnAck(rtt, at += 10, end) || ends;
    }
    return ends;
  };
  EXPECT_FALSE(round(milliseconds(40)));
  EXPECT_FALSE(round(milliseconds(41)));
  EXPECT_FALSE(start.conservative());
  EXPECT_EQ(start.Growth(1000, 1000), 1000u);
  EXPECT_EQ(start.Growth(100'000, 1000), 8000u);
  EXPECT_FALSE(round(milliseconds(50)));
  EXPECT_TRUE(start.conservative());
  EXPECT_EQ(start.Growth(1000, 1000), 250u);
  EXPECT_FALSE(round(milliseconds(45))) << "it was a passing delay";
  EXPECT_FALSE(start.conservative());
  round(milliseconds(60));
  EXPECT_TRUE(start.conservative());
  int rounds = 0;
  while (!round(milliseconds(61)) && rounds < 20) ++rounds;
  EXPECT_LE(rounds, 5);
}

// RFC 6937 section 4: of twenty segments with one lost, fourteen remain.
TEST(Prr, ComesDownEvenly) {
  Prr prr;
  const uint32_t threshold = 10 * kSegment;
  uint32_t in_flight = 20 * kSegment;
  prr.Start(in_flight);
  in_flight -= 4 * kSegment;  // Three have arrived, one is lost.
  uint32_t sent = 0;
  for (int i = 0; i < 16; ++i) {
    const uint32_t window =
        prr.OnAck(i == 0 ? 3 * kSegment : kSegment, in_flight, threshold,
                  kSegment, /*good=*/false);
    ASSERT_GE(window, in_flight);
    while (in_flight + kSegment <= window) {
      in_flight += kSegment;
      prr.OnSent(kSegment);
      ++sent;
    }
    in_flight -= kSegment;
  }
  EXPECT_NEAR(sent, 9, 1);
  EXPECT_LE(in_flight, threshold);
  EXPECT_GE(in_flight, threshold - 2 * kSegment);
}

}  // namespace
}  // namespace ebbrt::tcp
