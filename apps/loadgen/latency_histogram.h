// How often which latency was seen: an HDR histogram, of which only the parts
// are there that have counts: a hundred thousand simulated cores have two each.
//
//   values of one power of two: 1,024 counts, in parts of 128
//
// Cores: one at a time; it may be moved to another. Ownership: its counts.
// Blocks: no. Allocates: a part, 1 KiB, when it gets its first count.
// Units: nanoseconds.
// Bound: kLatencyMax; what is longer counts as that.
// Errors: no memory is a failed check.
// Source: Gil Tene's HdrHistogram, http://hdrhistogram.org.
#ifndef EBBRT_APPS_LOADGEN_LATENCY_HISTOGRAM_H_
#define EBBRT_APPS_LOADGEN_LATENCY_HISTOGRAM_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

#include <nlohmann/json.hpp>

#include "core/base/types.h"

struct hdr_histogram;

namespace ebbrt::loadgen {

class LatencyHistogram {
 public:
  static constexpr Duration kLatencyMax = std::chrono::seconds(100);

  void Record(Duration latency);
  void Add(const LatencyHistogram& other);

  int64_t count() const { return count_; }
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

  using Whole = std::unique_ptr<hdr_histogram, Close>;

  // What lies below 2 * kCounts has counts of its own; above, each power of two
  // has kCounts of them, so that a count stands for a thousandth at most.
  static constexpr size_t kCounts = 1024;
  static constexpr size_t kPartCounts = 128;
  static constexpr size_t kPlaces =
      (std::bit_width(static_cast<uint64_t>(kLatencyMax.count())) -
       std::bit_width(kCounts) + 2) *
      kCounts;
  using Part = std::array<int64_t, kPartCounts>;

  static size_t PlaceOf(uint64_t value);
  // The lowest value of a place.
  static int64_t ValueOf(size_t place);
  Part& PartOf(size_t place);
  Whole ToWhole(int digits) const;

  int64_t count_ = 0;
  std::array<std::unique_ptr<Part>, kPlaces / kPartCounts> parts_;
};

}  // namespace ebbrt::loadgen

#endif  // EBBRT_APPS_LOADGEN_LATENCY_HISTOGRAM_H_
