#include "apps/loadgen/measurement.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <utility>

#include "apps/loadgen/rate_search.h"

namespace ebbrt::loadgen {
namespace {

using namespace std::chrono_literals;

TEST(LatencyHistogram, KeepsPercentilesToAThousandth) {
  LatencyHistogram histogram;
  for (int i = 1; i <= 100'000; ++i) histogram.Record(Duration(i * 10));
  EXPECT_EQ(histogram.count(), 100'000);
  EXPECT_NEAR(histogram.PercentileNs(50), 500'000, 500);
  EXPECT_NEAR(histogram.PercentileNs(99), 990'000, 990);
  EXPECT_NEAR(histogram.MeanNs(), 500'005, 500);
  nlohmann::json summary = histogram.Summary();
  EXPECT_NEAR(summary["p999"].get<double>(), 999'000, 999);
  EXPECT_NEAR(summary["max"].get<double>(), 1'000'000, 1'000);
}

TEST(LatencyHistogram, BucketsHaveAllThatWasRecorded) {
  LatencyHistogram one;
  LatencyHistogram other;
  for (int i = 1; i <= 1000; ++i) one.Record(Duration(i * i));
  other.Record(1h);  // Too long, and kept as the longest.
  other.Record(-5ns);
  one.Add(other);
  int64_t count = 0;
  int64_t before = -1;
  for (const nlohmann::json& bucket : one.Buckets()) {
    EXPECT_GT(bucket[0].get<int64_t>(), before);
    before = bucket[0];
    count += bucket[1].get<int64_t>();
  }
  EXPECT_EQ(count, 1002);
  EXPECT_NEAR(before, LatencyHistogram::kLatencyMax.count(), 1e9);
}

TEST(LatencyHistogram, HasNoPercentilesOfNothing) {
  EXPECT_TRUE(LatencyHistogram().Summary()["p99"].is_null());
  EXPECT_EQ(LatencyHistogram().PercentileNs(99), 0);
}

TEST(Measurement, AddsUpAndReports) {
  Measurement one;
  one.gets.Record(10us);
  one.hits = one.completed_in_window = 1;
  Measurement other;
  other.sets.Record(30us);
  other.stored = other.completed_in_window = 1;
  other.lost = 2;
  other.unsent = 3;
  one.Add(other);
  nlohmann::json json = one.ToJson(500ms);
  EXPECT_EQ(json["throughput_rps"], 4.0);
  EXPECT_EQ(json["errors"], 5);
  EXPECT_EQ(json["gets"], 1);
  EXPECT_EQ(json["sets"], 1);
  EXPECT_NEAR(json["latency_ns"]["mean"].get<double>(), 20'000, 20);
  EXPECT_NEAR(json["set_latency_ns"]["p50"].get<double>(), 30'000, 30);
}

// Searches for the rate at which a server of that capacity, whose 99th
// percentile of an M/M/1 queue is ln(100) / (capacity - rate), meets a level.
std::pair<double, int> SearchModel(double capacity, double level_s,
                                   double highest) {
  RateSearch search(highest);
  while (std::optional<double> rate = search.Next()) {
    search.Record(*rate < capacity &&
                  std::log(100) / (capacity - *rate) <= level_s);
  }
  return {search.best(), search.trials()};
}

TEST(RateSearch, FindsTheHighestRate) {
  double right = 100'000 - std::log(100) / 1e-3;
  auto [best, trials] = SearchModel(100'000, 1e-3, 120'000);
  EXPECT_LE(best, right);
  EXPECT_GE(best, right / RateSearch::kPrecision);
  EXPECT_LE(trials, 9);
}

TEST(RateSearch, EndsAtOnceIfThereIsNothingToSearch) {
  EXPECT_EQ(SearchModel(100'000, 1e-3, 50'000), std::pair(50'000.0, 1));
}

TEST(RateSearch, GivesUpOnAServerThatNeverMeetsTheLevel) {
  EXPECT_EQ(SearchModel(10, 1e-3, 50'000),
            std::pair(0.0, RateSearch::kTrialsMax));
}

}  // namespace
}  // namespace ebbrt::loadgen
