// How often which latency was seen: an HDR histogram.
//
// Cores: one at a time; it may be moved to another. Ownership: its counts.
// Blocks: no. Allocates: when made, 220 KiB. Units: nanoseconds.
// Bound: kLatencyMax; what is longer counts as that.
// Errors: no memory is a failed check.
// Source: Gil Tene's HdrHistogram, http://hdrhistogram.org.
#ifndef EBBRT_APPS_LOADGEN_LATENCY_HISTOGRAM_H_
#define EBBRT_APPS_LOADGEN_LATENCY_HISTOGRAM_H_

#include <cstdint>
#include <memory>

#include <nlohmann/json.hpp>

#include "core/base/types.h"

struct hdr_histogram;

namespace ebbrt::loadgen {

class LatencyHistogram {
 public:
  static constexpr Duration kLatencyMax = std::chrono::seconds(100);

  LatencyHistogram() : LatencyHistogram(kDigits) {}

  void Record(Duration latency);
  void Add(const LatencyHistogram& other);

  int64_t count() const;
  // Of each, zero if nothing was recorded; a percentile is from 0 to 100.
  int64_t PercentileNs(double percentile) const;
  double MeanNs() const;

  // {mean, p50, p90, p99, p999, max}, each null if nothing was recorded.
  nlohmann::json Summary() const;
  // [[value_ns, count], ...] of all buckets that are not empty, in rising
  // order, at kBucketDigits: what distributions are drawn from and repetitions
  // are combined from.
  nlohmann::json Buckets() const;

 private:
  // Values are kept to a thousandth, and reported to a hundredth.
  static constexpr int kDigits = 3;
  static constexpr int kBucketDigits = 2;

  struct Close {
    void operator()(hdr_histogram* histogram) const;
  };

  explicit LatencyHistogram(int digits);

  std::unique_ptr<hdr_histogram, Close> histogram_;
};

}  // namespace ebbrt::loadgen

#endif  // EBBRT_APPS_LOADGEN_LATENCY_HISTOGRAM_H_
