// A rate limit: so many a second on average, so many at once.
//
// Cores: one. Blocks, allocates: never. Errors: none.
// Source: RFC 1812 section 4.3.2.8.
#ifndef EBBRT_CORE_NET_IP_TOKEN_BUCKET_H_
#define EBBRT_CORE_NET_IP_TOKEN_BUCKET_H_

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "core/base/types.h"

namespace ebbrt::ip {

class TokenBucket {
 public:
  // REQUIRES: both at least 1.
  TokenBucket(uint32_t per_second, uint32_t burst)
      : interval_(Duration(std::chrono::seconds(1)) / per_second),
        span_(interval_ * burst) {}

  // Whether one more may be, at `now`, which does not go back.
  bool Take(Time now) {
    // The time at which the bucket would be empty stands for what is in it.
    empty_ = std::max(empty_, now - span_);
    if (empty_ + interval_ > now) return false;
    empty_ += interval_;
    return true;
  }

 private:
  const Duration interval_;
  const Duration span_;
  Time empty_ = Time() - std::chrono::hours(1);
};

}  // namespace ebbrt::ip

#endif  // EBBRT_CORE_NET_IP_TOKEN_BUCKET_H_
