// Clocks: the kernel's, read through its vDSO, and the time stamp counter.
#include <atomic>
#include <cstdint>
#include <ctime>

#include "platform/linux/linux.h"

namespace ebbrt::platform {
namespace {

constexpr int64_t kNanosecondsPerSecond = 1000000000;

int64_t Read(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * kNanosecondsPerSecond + time.tv_nsec;
}

// When Now is first asked is time zero.
constinit std::atomic<int64_t> start_ns{0};

int64_t StartNs(int64_t now_ns) {
  // Relaxed: it is one value that is never changed again.
  int64_t start = start_ns.load(std::memory_order_relaxed);
  if (start != 0) [[likely]] return start;
  start_ns.compare_exchange_strong(start, now_ns, std::memory_order_relaxed);
  return start != 0 ? start : now_ns;
}

// Both clocks, read at about the same moment.
struct ClockPair {
  uint64_t cycles;
  int64_t ns;
};

ClockPair ReadBoth() {
  // The kernel may interrupt us in between: of several tries the shortest
  // counts.
  constexpr int kTries = 16;
  ClockPair best = {};
  uint64_t shortest = ~uint64_t{0};
  for (int i = 0; i < kTries; ++i) {
    uint64_t before = Linux::Cycles();
    int64_t ns = Read(CLOCK_MONOTONIC);
    uint64_t took = Linux::Cycles() - before;
    if (took < shortest) {
      shortest = took;
      best = {before + took / 2, ns};
    }
  }
  return best;
}

uint64_t MeasureCyclesPerSecond() {
  // The reading is good to about 50 ns: this gives 10 parts in a million.
  constexpr int64_t kMeasureNs = 5000000;
  ClockPair begin = ReadBoth();
  while (Read(CLOCK_MONOTONIC) - begin.ns < kMeasureNs) {
  }
  ClockPair end = ReadBoth();
  return static_cast<uint64_t>(static_cast<double>(end.cycles - begin.cycles) *
                               kNanosecondsPerSecond /
                               static_cast<double>(end.ns - begin.ns));
}

}  // namespace

Time Linux::Now() noexcept {
  int64_t now_ns = Read(CLOCK_MONOTONIC);
  return Time(Duration(now_ns - StartNs(now_ns)));
}

Duration Linux::WallClock() noexcept { return Duration(Read(CLOCK_REALTIME)); }

uint64_t Linux::CyclesPerSecond() noexcept {
  static const uint64_t rate = MeasureCyclesPerSecond();
  return rate;
}

}  // namespace ebbrt::platform
