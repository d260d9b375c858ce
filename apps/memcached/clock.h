// The server's clock: seconds, as the protocol counts them.
//
// Second 0 lies two seconds before the server's start, so that 0 can stand for
// "never" and 1 for "in the past", and no real time is either.
//
// Cores: a value; each core has its own. Blocks, allocates: never.
// Units: seconds. Source: memcached's protocol.txt, "Expiration times".
#ifndef EBBRT_APPS_MEMCACHED_CLOCK_H_
#define EBBRT_APPS_MEMCACHED_CLOCK_H_

#include <cstdint>
#include <limits>

namespace ebbrt::memcached {

struct Clock {
  static constexpr uint32_t kStart = 2;
  static constexpr uint32_t kNever = 0;
  static constexpr uint32_t kPast = 1;
  // A longer expiry is a point in Unix time.
  static constexpr int64_t kRelativeMax = int64_t{60} * 60 * 24 * 30;
  // Items keep their seconds in 30 bits: 34 years.
  static constexpr uint32_t kEnd = (uint32_t{1} << 30) - 1;

  // The present second.
  uint32_t now = kStart;
  // Unix time of second 0.
  int64_t unix_origin = 0;

  // The second that a client's expiry time means: 0 never, negative already,
  // up to 30 days from now, beyond that Unix time.
  uint32_t Expiry(int64_t time) const {
    if (time == 0) return kNever;
    if (time < 0) return kPast;
    if (time > kRelativeMax) {
      if (time <= unix_origin) return kPast;
      time -= unix_origin;
    } else {
      time += now;
    }
    constexpr int64_t kLast = std::numeric_limits<uint32_t>::max();
    return static_cast<uint32_t>(time < kLast ? time : kLast);
  }
};

}  // namespace ebbrt::memcached

#endif  // EBBRT_APPS_MEMCACHED_CLOCK_H_
