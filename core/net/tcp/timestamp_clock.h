// The clock of the timestamps option: milliseconds, from an offset that differs
// from flow to flow and that a peer cannot tell.
//
// Cores: any. Blocks, allocates: never. Units: milliseconds.
// Source: RFC 7323 section 5.4 (rate), 7.1 (offsets).
#ifndef EBBRT_CORE_NET_TCP_TIMESTAMP_CLOCK_H_
#define EBBRT_CORE_NET_TCP_TIMESTAMP_CLOCK_H_

#include <chrono>
#include <cstdint>

#include "core/base/types.h"

namespace ebbrt::tcp {

struct TimestampClock {
  uint32_t offset = 0;

  uint32_t At(Time time) const {
    return offset + static_cast<uint32_t>(
                        std::chrono::duration_cast<std::chrono::milliseconds>(
                            time.time_since_epoch())
                            .count());
  }
  // Whether `a` is before `b`, as sequence numbers are.
  static constexpr bool Before(uint32_t a, uint32_t b) {
    return static_cast<int32_t>(a - b) < 0;
  }
};

}  // namespace ebbrt::tcp

#endif  // EBBRT_CORE_NET_TCP_TIMESTAMP_CLOCK_H_
