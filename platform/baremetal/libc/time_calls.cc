// Clocks and sleeping.
#include <sys/syscall.h>
#include <time.h>

#include <atomic>

#include "platform/baremetal/clock.h"
#include "platform/baremetal/cpu/wake.h"
#include "platform/baremetal/libc/system_calls.h"

namespace ebbrt::platform::machine {
namespace {

constexpr int64_t kNsPerSecond = 1000000000;

bool IsWallClock(uint64_t clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

void Store(uint64_t address, int64_t ns) {
  auto* time = Call::At<int64_t>(address);
  time[0] = ns / kNsPerSecond;
  time[1] = ns % kNsPerSecond;
}

int64_t GetTime(const Call& call) {
  Store(call.b(), IsWallClock(call.a()) ? WallClockNs() : NowNs());
  return 0;
}

int64_t GetTimeOfDay(const Call& call) {
  if (call.a() == 0) return 0;
  const int64_t ns = WallClockNs();
  auto* time = Call::At<int64_t>(call.a());
  time[0] = ns / kNsPerSecond;
  time[1] = ns % kNsPerSecond / 1000;
  return 0;
}

int64_t GetResolution(const Call& call) {
  if (call.b() != 0) Store(call.b(), 1);
  return 0;
}

int64_t SleepUntil(int64_t deadline_ns) {
  const std::atomic<bool> never{false};
  HaltUntil(never, deadline_ns);
  return 0;
}

int64_t Sleep(const Call& call) {
  const auto* time = Call::At<int64_t>(call.a());
  return SleepUntil(NowNs() + time[0] * kNsPerSecond + time[1]);
}

int64_t SleepByClock(const Call& call) {
  const auto* time = Call::At<int64_t>(call.c());
  const int64_t ns = time[0] * kNsPerSecond + time[1];
  if ((call.b() & TIMER_ABSTIME) == 0) return SleepUntil(NowNs() + ns);
  return SleepUntil(IsWallClock(call.a()) ? ns - (WallClockNs() - NowNs())
                                          : ns);
}

constexpr SystemCallEntry kCalls[] = {
    {SYS_clock_gettime, GetTime},
    {SYS_clock_getres, GetResolution},
    {SYS_gettimeofday, GetTimeOfDay},
    {SYS_time,
     [](const Call& call) -> int64_t {
       const int64_t seconds = WallClockNs() / kNsPerSecond;
       if (call.a() != 0) *Call::At<int64_t>(call.a()) = seconds;
       return seconds;
     }},
    {SYS_nanosleep, Sleep},
    {SYS_clock_nanosleep, SleepByClock},
};

}  // namespace

constinit const SystemCallGroup kTimeCalls = {kCalls, std::size(kCalls)};

}  // namespace ebbrt::platform::machine
