// When the first slow start has gone far enough: it ends as delays grow, before
// there are losses.
//
// Cores: one. Blocks, allocates: never. Units: Duration, bytes.
// Errors: none. Source: RFC 9406 section 4.2, with L for what is not paced.
#ifndef EBBRT_CORE_NET_TCP_HYSTART_H_
#define EBBRT_CORE_NET_TCP_HYSTART_H_

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "core/base/types.h"
#include "core/net/tcp/sequence.h"

namespace ebbrt::tcp {

class HyStart {
 public:
  static constexpr Duration kThresholdMin = std::chrono::milliseconds(4);
  static constexpr Duration kThresholdMax = std::chrono::milliseconds(16);
  static constexpr int kThresholdDivisor = 8;
  static constexpr uint32_t kSamples = 8;
  static constexpr uint32_t kGrowthDivisor = 4;
  static constexpr uint32_t kConservativeRounds = 5;
  // An acknowledgment opens the window by so many segments at most.
  static constexpr uint32_t kSegmentsMax = 8;

  // An acknowledgment up to `acknowledged` in slow start; `rtt` is zero if it
  // gave no sample. True: slow start ends here.
  bool OnAck(Duration rtt, Sequence acknowledged, Sequence sent) {
    bool ends = false;
    if (!in_round_ || acknowledged > round_end_) {
      ends = in_round_ && conservative_ &&
             ++conservative_rounds_ >= kConservativeRounds;
      in_round_ = true;
      round_end_ = sent;
      least_last_round_ = least_;
      least_ = Duration::max();
      samples_ = 0;
    }
    if (rtt != Duration::zero()) {
      least_ = std::min(least_, rtt);
      ++samples_;
    }
    if (samples_ >= kSamples) Judge();
    return ends;
  }

  // How much `acknowledged_bytes` open the window.
  uint32_t Growth(uint32_t acknowledged_bytes, uint32_t segment_bytes) const {
    const uint32_t bytes =
        std::min(acknowledged_bytes, kSegmentsMax * segment_bytes);
    return conservative_ ? bytes / kGrowthDivisor : bytes;
  }

  bool conservative() const { return conservative_; }

 private:
  void Judge() {
    if (conservative_) {
      if (least_ >= baseline_) return;
      conservative_ = false;  // The delay was a passing one.
      return;
    }
    if (least_last_round_ == Duration::max()) return;
    const Duration threshold = std::clamp<Duration>(
        least_last_round_ / kThresholdDivisor, kThresholdMin, kThresholdMax);
    if (least_ < least_last_round_ + threshold) return;
    baseline_ = least_;
    conservative_ = true;
    conservative_rounds_ = 0;
  }

  Sequence round_end_;
  Duration least_ = Duration::max();  // Of this round.
  Duration least_last_round_ = Duration::max();
  Duration baseline_ = Duration::max();
  uint32_t samples_ = 0;
  uint32_t conservative_rounds_ = 0;
  bool in_round_ = false;
  bool conservative_ = false;
};

}  // namespace ebbrt::tcp

#endif  // EBBRT_CORE_NET_TCP_HYSTART_H_
