#include "apps/loadgen/distribution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <map>
#include <numbers>
#include <string>
#include <vector>

#include "apps/loadgen/etc_workload.h"
#include "core/base/random.h"

namespace ebbrt::loadgen {
namespace {

constexpr uint64_t kSeed = 20120611;
constexpr size_t kDraws = 400'000;

std::vector<double> DrawSorted(const Distribution& distribution) {
  Random random(kSeed);
  std::vector<double> values;
  for (size_t i = 0; i < kDraws; ++i) {
    values.push_back(distribution.Draw(random));
  }
  std::sort(values.begin(), values.end());
  return values;
}

double Mean(const std::vector<double>& values) {
  double sum = 0;
  for (double value : values) sum += value;
  return sum / values.size();
}

// What is known of a distribution in closed form.
struct Known {
  std::string name;
  Distribution distribution;
  double mean;
  double median;
  double p99;
};

double ParetoQuantile(double location, double scale, double shape, double u) {
  return location + scale * (std::pow(1 - u, -shape) - 1) / shape;
}
double ExtremeQuantile(double location, double scale, double shape, double u) {
  return location + scale * (std::pow(-std::log(u), -shape) - 1) / shape;
}

std::vector<Known> KnownDistributions() {
  using namespace etc;
  return {
      {"fixed", Distribution::Fixed(7), 7, 7, 7},
      {"uniform", Distribution::Uniform(10, 20), 15, 15, 19.9},
      {"normal", Distribution::Normal(100, 10), 100, 100, 100 + 23.26348},
      {"exponential", Distribution::Exponential(50), 50,
       50 * std::numbers::ln2, 50 * std::log(100)},
      {"ETC gap", Distribution::EtcGap(), kGapScale / (1 - kGapShape),
       ParetoQuantile(kGapLocation, kGapScale, kGapShape, 0.5),
       ParetoQuantile(kGapLocation, kGapScale, kGapShape, 0.99)},
      {"ETC key", Distribution::EtcKeyBytes(),
       kKeyLocation +
           kKeyScale * (std::tgamma(1 - kKeyShape) - 1) / kKeyShape,
       ExtremeQuantile(kKeyLocation, kKeyScale, kKeyShape, 0.5),
       ExtremeQuantile(kKeyLocation, kKeyScale, kKeyShape, 0.99)},
  };
}

TEST(Distribution, DrawsHaveTheKnownMeanAndPercentiles) {
  for (const Known& known : KnownDistributions()) {
    SCOPED_TRACE(known.name);
    std::vector<double> values = DrawSorted(known.distribution);
    // Some five standard errors of the widest of them.
    EXPECT_NEAR(Mean(values), known.mean, known.mean * 0.01);
    EXPECT_NEAR(values[kDraws / 2], known.median, known.median * 0.01);
    EXPECT_NEAR(values[kDraws * 99 / 100], known.p99, known.p99 * 0.02);
  }
}

TEST(Distribution, TheMeanIsIntegrated) {
  for (const Known& known : KnownDistributions()) {
    SCOPED_TRACE(known.name);
    EXPECT_NEAR(known.distribution.MeanOfPositive(), known.mean,
                known.mean * 0.001);
  }
  // Half of it counts as zero: the mean is deviation / sqrt(2 pi).
  EXPECT_NEAR(Distribution::Normal(0, 1).MeanOfPositive(), 0.398942, 0.001);
}

TEST(Distribution, EtcValuesAreDiscreteThenPareto) {
  using namespace etc;
  std::vector<double> values = DrawSorted(Distribution::EtcValueBytes());
  std::map<double, size_t> counts;
  for (double value : values) ++counts[value];
  double small = 0;
  for (size_t bytes = 0; bytes < std::size(kValueProbabilities); ++bytes) {
    double expected = kValueProbabilities[bytes];
    small += expected;
    double error = 5 * std::sqrt(expected / kDraws);
    EXPECT_NEAR(static_cast<double>(counts[bytes]) / kDraws, expected, error)
        << bytes << " bytes";
  }
  // Of the rest, whose lowest is 15, the median is the Pareto's own.
  size_t rest = static_cast<size_t>(small * kDraws);
  double median = ParetoQuantile(kValueLocation, kValueScale, kValueShape, 0.5);
  EXPECT_GE(values[rest + 1000], 15);
  EXPECT_NEAR(values[rest + (kDraws - rest) / 2], median, median * 0.02);
  EXPECT_NEAR(Mean(values), Distribution::EtcValueBytes().MeanOfPositive(), 5);
}

TEST(Distribution, QuantilesRise) {
  for (const Known& known : KnownDistributions()) {
    double before = known.distribution.Quantile(0x1p-53);
    EXPECT_TRUE(std::isfinite(before)) << known.name;
    for (double u = 0.001; u < 1; u += 0.001) {
      double value = known.distribution.Quantile(u);
      EXPECT_GE(value, before) << known.name << " at " << u;
      before = value;
    }
    EXPECT_TRUE(std::isfinite(known.distribution.Quantile(1 - 0x1p-53)));
  }
}

}  // namespace
}  // namespace ebbrt::loadgen
