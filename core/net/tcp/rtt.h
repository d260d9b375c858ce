// Round-trip times: their mean, their least, and the timeout they make.
//
// Cores: one. Blocks, allocates: never. Units: Duration. Errors: none.
// Source: RFC 6298 section 2; RFC 7323 appendix G (several samples a round
// trip); RFC 8985 section 6.2 step 2 (the least of them, over a window).
#ifndef EBBRT_CORE_NET_TCP_RTT_H_
#define EBBRT_CORE_NET_TCP_RTT_H_

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "core/base/types.h"

namespace ebbrt::tcp {

class RttEstimator {
 public:
  struct Bounds {
    Duration margin_min;  // Of the timeout over the mean.
    Duration timeout_max;
    Duration initial;
  };

  // How long a least round trip counts: paths change.
  static constexpr Duration kLeastWindow = std::chrono::minutes(5);
  static constexpr uint32_t kBackOffsMax = 16;

  // Takes `rtt`, one of about `samples_a_round` that this round trip gives,
  // of a segment that was sent once (Karn's algorithm).
  void OnSample(Duration rtt, uint32_t samples_a_round, Time now) {
    rtt = std::max(rtt, Duration(1));
    latest_ = rtt;
    if (mean_ == Duration::zero()) {
      mean_ = rtt;
      deviation_ = rtt / 2;
    } else {
      const int64_t samples = std::max<int64_t>(samples_a_round, 1);
      const Duration error = rtt - mean_;
      deviation_ += (std::chrono::abs(error) - deviation_) / (4 * samples);
      mean_ += error / (8 * samples);
    }
    if (now - window_began_ > kLeastWindow) {
      window_began_ = now;
      least_before_ = least_now_;
      least_now_ = rtt;
    }
    least_now_ = std::min(least_now_, rtt);
  }

  bool has_sample() const { return mean_ != Duration::zero(); }
  Duration mean() const { return mean_; }
  Duration latest() const { return latest_; }
  // Duration::max() before the first sample.
  Duration least() const { return std::min(least_now_, least_before_); }

  // With the back-offs so far.
  Duration Timeout(const Bounds& bounds) const {
    Duration timeout = bounds.initial;
    if (has_sample()) {
      timeout = mean_ + std::max(4 * deviation_, bounds.margin_min);
    }
    for (uint32_t i = 0; i < back_offs_ && timeout < bounds.timeout_max; ++i) {
      timeout *= 2;
    }
    return std::min(timeout, bounds.timeout_max);
  }
  void BackOff() { back_offs_ = std::min(back_offs_ + 1, kBackOffsMax); }
  void ResetBackOff() { back_offs_ = 0; }
  uint32_t back_offs() const { return back_offs_; }

 private:
  Duration mean_ = Duration::zero();
  Duration deviation_ = Duration::zero();
  Duration latest_ = Duration::zero();
  Duration least_now_ = Duration::max();
  Duration least_before_ = Duration::max();
  Time window_began_{};
  uint32_t back_offs_ = 0;
};

}  // namespace ebbrt::tcp

#endif  // EBBRT_CORE_NET_TCP_RTT_H_
