#include "apps/loadgen/latency_histogram.h"

#include <algorithm>

#include "core/base/check.h"
#include "hdr_histogram.h"

namespace ebbrt::loadgen {

LatencyHistogram::LatencyHistogram(int digits) {
  hdr_histogram* histogram = nullptr;
  int error = hdr_init(1, kLatencyMax.count(), digits, &histogram);
  EBBRT_CHECK(error == 0);
  histogram_.reset(histogram);
}

void LatencyHistogram::Close::operator()(hdr_histogram* histogram) const {
  hdr_close(histogram);
}

void LatencyHistogram::Record(Duration latency) {
  // Clocks of two cores may differ by a little.
  hdr_record_value(histogram_.get(), std::clamp<int64_t>(latency.count(), 0,
                                                         kLatencyMax.count()));
}

void LatencyHistogram::Add(const LatencyHistogram& other) {
  int64_t dropped = hdr_add(histogram_.get(), other.histogram_.get());
  EBBRT_CHECK(dropped == 0);
}

int64_t LatencyHistogram::count() const { return histogram_->total_count; }

int64_t LatencyHistogram::PercentileNs(double percentile) const {
  if (count() == 0) return 0;
  return hdr_value_at_percentile(histogram_.get(), percentile);
}

double LatencyHistogram::MeanNs() const {
  return count() == 0 ? 0 : hdr_mean(histogram_.get());
}

nlohmann::json LatencyHistogram::Summary() const {
  if (count() == 0) {
    return {{"mean", nullptr}, {"p50", nullptr},  {"p90", nullptr},
            {"p99", nullptr},  {"p999", nullptr}, {"max", nullptr}};
  }
  return {{"mean", MeanNs()},
          {"p50", PercentileNs(50)},
          {"p90", PercentileNs(90)},
          {"p99", PercentileNs(99)},
          {"p999", PercentileNs(99.9)},
          {"max", hdr_max(histogram_.get())}};
}

nlohmann::json LatencyHistogram::Buckets() const {
  LatencyHistogram coarse(kBucketDigits);
  coarse.Add(*this);
  nlohmann::json buckets = nlohmann::json::array();
  hdr_iter iterator;
  hdr_iter_recorded_init(&iterator, coarse.histogram_.get());
  while (hdr_iter_next(&iterator)) {
    buckets.push_back({iterator.median_equivalent_value, iterator.count});
  }
  return buckets;
}

}  // namespace ebbrt::loadgen
