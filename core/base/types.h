// The value types that every layer shares: cores, time, sizes.
//
// Cores: any. Blocks, allocates: never. Errors: none.
#ifndef EBBRT_CORE_BASE_TYPES_H_
#define EBBRT_CORE_BASE_TYPES_H_

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>

namespace ebbrt {

// One processor core and its loop, counted from 0 within a node.
class CoreId {
 public:
  constexpr CoreId() = default;
  constexpr explicit CoreId(uint32_t index) : index_(index) {}

  // The place of this core in an array that has one entry a core.
  constexpr uint32_t index() const { return index_; }

  friend constexpr auto operator<=>(CoreId, CoreId) = default;

 private:
  uint32_t index_ = 0;
};

// Lengths of time are nanoseconds: 64 bits hold 292 years of them.
using Duration = std::chrono::nanoseconds;

// The node's monotonic clock. It starts near zero when the platform starts,
// never goes back, and in the simulator is virtual. Only a platform reads it
// (Clock::now belongs to Platform::Now), so that core runs on any time it is
// given.
struct MonotonicClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicClock, duration>;
  static constexpr bool is_steady = true;
};
using Time = MonotonicClock::time_point;

// The deadline of something that waits for ever.
inline constexpr Time kTimeNever = Time::max();

inline constexpr size_t kKiB = size_t{1} << 10;
inline constexpr size_t kMiB = size_t{1} << 20;
inline constexpr size_t kGiB = size_t{1} << 30;

// What is written by different cores stands this far apart. Two lines, because
// x86 processors fetch them in pairs.
inline constexpr size_t kCacheLineBytes = 64;
inline constexpr size_t kNoSharingBytes = 128;

}  // namespace ebbrt

#endif  // EBBRT_CORE_BASE_TYPES_H_
