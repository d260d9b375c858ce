#include "apps/loadgen/latency_histogram.h"

#include <algorithm>

#include "core/base/check.h"
#include "hdr_histogram.h"

namespace ebbrt::loadgen {

void LatencyHistogram::Close::operator()(hdr_histogram* histogram) const {
  hdr_close(histogram);
}

size_t LatencyHistogram::PlaceOf(uint64_t value) {
  if (value < 2 * kCounts) return static_cast<size_t>(value);
  // What is left of it has as many bits as 2 * kCounts - 1.
  unsigned shift = static_cast<unsigned>(std::bit_width(value) -
                                         std::bit_width(kCounts));
  return shift * kCounts + static_cast<size_t>(value >> shift);
}

int64_t LatencyHistogram::ValueOf(size_t place) {
  if (place < 2 * kCounts) return static_cast<int64_t>(place);
  size_t shift = place / kCounts - 1;
  return static_cast<int64_t>(place - shift * kCounts) << shift;
}

LatencyHistogram::Part& LatencyHistogram::PartOf(size_t place) {
  std::unique_ptr<Part>& part = parts_[place / kPartCounts];
  if (part == nullptr) [[unlikely]] part = std::make_unique<Part>();
  return *part;
}

void LatencyHistogram::Record(Duration latency) {
  // Clocks of two cores may differ by a little.
  size_t place = PlaceOf(static_cast<uint64_t>(std::clamp<int64_t>(
      latency.count(), 0, kLatencyMax.count())));
  ++PartOf(place)[place % kPartCounts];
  ++count_;
}

void LatencyHistogram::Add(const LatencyHistogram& other) {
  for (size_t i = 0; i < parts_.size(); ++i) {
    if (other.parts_[i] == nullptr) continue;
    Part& mine = PartOf(i * kPartCounts);
    for (size_t j = 0; j < kPartCounts; ++j) mine[j] += (*other.parts_[i])[j];
  }
  count_ += other.count_;
}

LatencyHistogram::Whole LatencyHistogram::ToWhole(int digits) const {
  hdr_histogram* made = nullptr;
  int error = hdr_init(1, kLatencyMax.count(), digits, &made);
  EBBRT_CHECK(error == 0);
  Whole whole(made);
  for (size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i] == nullptr) continue;
    for (size_t j = 0; j < kPartCounts; ++j) {
      int64_t count = (*parts_[i])[j];
      if (count == 0) continue;
      hdr_record_values(made, ValueOf(i * kPartCounts + j), count);
    }
  }
  return whole;
}

int64_t LatencyHistogram::PercentileNs(double percentile) const {
  if (count() == 0) return 0;
  return hdr_value_at_percentile(ToWhole(kDigits).get(), percentile);
}

double LatencyHistogram::MeanNs() const {
  return count() == 0 ? 0 : hdr_mean(ToWhole(kDigits).get());
}

nlohmann::json LatencyHistogram::Summary() const {
  if (count() == 0) {
    return {{"mean", nullptr}, {"p50", nullptr},  {"p90", nullptr},
            {"p99", nullptr},  {"p999", nullptr}, {"max", nullptr}};
  }
  Whole whole = ToWhole(kDigits);
  auto percentile = [&whole](double percent) {
    return hdr_value_at_percentile(whole.get(), percent);
  };
  return {{"mean", hdr_mean(whole.get())},
          {"p50", percentile(50)},
          {"p90", percentile(90)},
          {"p99", percentile(99)},
          {"p999", percentile(99.9)},
          {"max", hdr_max(whole.get())}};
}

nlohmann::json LatencyHistogram::Buckets() const {
  Whole coarse = ToWhole(kBucketDigits);
  nlohmann::json buckets = nlohmann::json::array();
  hdr_iter iterator;
  hdr_iter_recorded_init(&iterator, coarse.get());
  while (hdr_iter_next(&iterator)) {
    buckets.push_back({iterator.median_equivalent_value, iterator.count});
  }
  return buckets;
}

}  // namespace ebbrt::loadgen
