#include "platform/baremetal/clock.h"

#include <atomic>

#include "core/base/spin_lock.h"
#include "platform/baremetal/cpu/layout.h"
#include "platform/baremetal/cpu/local_apic.h"
#include "platform/baremetal/kvm_clock.h"

namespace ebbrt::platform::machine {
namespace {

constexpr uint64_t kNsPerSecond = 1000000000;
constexpr int kShift = 32;

struct Clock {
  uint64_t start = 0;              // Of the time stamp counter.
  uint64_t cycles_per_second = 0;
  uint64_t ns_per_cycle = 0;       // As a fraction of 2^kShift.
  uint64_t cycles_per_ns = 0;
  uint64_t timer_per_second = 0;   // The local APIC's counts.
  uint64_t waited_cycles = 0;
};
constinit Clock clock;

// The counter of the 8254 that the speaker uses, which software can watch.
constexpr uint16_t kPitCounter = 0x42;
constexpr uint16_t kPitControl = 0x43;
constexpr uint16_t kSpeaker = 0x61;
constexpr uint8_t kSpeakerGate = 1u << 0;
constexpr uint8_t kSpeakerOn = 1u << 1;
constexpr uint8_t kCounterEnded = 1u << 5;
constexpr uint64_t kPitHz = 1193182;
// A quarter of a millisecond, several times: who is interrupted meanwhile, as
// virtual machines are, sees the end late. The shortest counts.
constexpr uint64_t kPitCounts = kPitHz / 4000;
constexpr int kWindows = 4;
// If it is not there, it never ends.
constexpr int kPitTriesMax = 10000000;

struct Window {
  uint64_t cycles;
  uint64_t timer_counts;
};

Window MeasureWindow() {
  const uint8_t speaker = In8(kSpeaker) & ~(kSpeakerOn | kSpeakerGate);
  Out8(kSpeaker, speaker);
  Out8(kPitControl, 0xb0);  // Counter 2, both bytes, mode 0.
  Out8(kPitCounter, kPitCounts & 0xff);
  Out8(kPitCounter, kPitCounts >> 8);
  StartTimerCount(~0u);
  const uint64_t begin = ReadTsc();
  Out8(kSpeaker, speaker | kSpeakerGate);
  for (int i = 0; i < kPitTriesMax; ++i) {
    if ((In8(kSpeaker) & kCounterEnded) != 0) break;
  }
  const Window window = {ReadTsc() - begin, ~0u - ReadTimerCount()};
  Out8(kSpeaker, speaker);
  StartTimerCount(0);
  return window;
}

void MeasureWithPit(Clock& measured) {
  Window shortest = MeasureWindow();
  measured.waited_cycles += shortest.cycles;
  for (int i = 1; i < kWindows; ++i) {
    const Window window = MeasureWindow();
    measured.waited_cycles += window.cycles;
    if (window.cycles < shortest.cycles) shortest = window;
  }
  measured.cycles_per_second = shortest.cycles * kPitHz / kPitCounts;
  measured.timer_per_second = shortest.timer_counts * kPitHz / kPitCounts;
}

// What the processor, or the hypervisor, says of itself; 0 if nothing.
uint64_t KnownCyclesPerSecond() {
  constexpr uint32_t kHypervisorPresent = 1u << 31;
  constexpr uint32_t kHypervisorTiming = 0x40000010;
  if ((Cpuid(1).c & kHypervisorPresent) != 0 &&
      Cpuid(0x40000000).a >= kHypervisorTiming) {
    const uint64_t khz = Cpuid(kHypervisorTiming).a;
    if (khz != 0) return khz * 1000;
  }
  if (const uint64_t by_kvm = KvmCyclesPerSecond(); by_kvm != 0) return by_kvm;
  constexpr uint32_t kTscLeaf = 0x15;
  if (Cpuid(0).a >= kTscLeaf) {
    const CpuidResult leaf = Cpuid(kTscLeaf);
    if (leaf.a != 0 && leaf.b != 0 && leaf.c != 0) {
      return uint64_t{leaf.c} * leaf.b / leaf.a;
    }
  }
  return 0;
}

constexpr uint16_t kRtcIndex = 0x70;
constexpr uint16_t kRtcData = 0x71;

uint8_t ReadRtc(uint8_t place) {
  Out8(kRtcIndex, place);
  return In8(kRtcData);
}

struct RtcTime {
  uint8_t second, minute, hour, day, month, year;
  bool operator==(const RtcTime&) const = default;
};

RtcTime ReadRtcOnce() {
  constexpr uint8_t kStatusA = 0x0a;
  constexpr uint8_t kUpdating = 1u << 7;
  constexpr int kTriesMax = 100000;
  for (int i = 0; i < kTriesMax && (ReadRtc(kStatusA) & kUpdating) != 0; ++i) {
  }
  return {ReadRtc(0), ReadRtc(2), ReadRtc(4),
          ReadRtc(7), ReadRtc(8), ReadRtc(9)};
}

int64_t FromBcd(uint8_t value) { return (value >> 4) * 10 + (value & 0xf); }

// The number of the day since 1970-01-01 of the proleptic Gregorian calendar.
int64_t DayNumber(int64_t year, int64_t month, int64_t day) {
  // Years begin with March, so that the leap day is a year's last.
  if (month <= 2) {
    --year;
    month += 12;
  }
  const int64_t days_before_month = (153 * (month - 3) + 2) / 5;
  return 365 * year + year / 4 - year / 100 + year / 400 + days_before_month +
         day - 1 - 719468;
}

int64_t ReadRtcSeconds() {
  // Two readings that agree were not taken during a change.
  RtcTime time = ReadRtcOnce();
  for (RtcTime again = ReadRtcOnce(); !(again == time);
       again = ReadRtcOnce()) {
    time = again;
  }
  constexpr uint8_t kStatusB = 0x0b;
  constexpr uint8_t kBinary = 1u << 2;
  constexpr uint8_t k24Hours = 1u << 1;
  constexpr uint8_t kAfternoon = 1u << 7;
  const uint8_t status = ReadRtc(kStatusB);
  auto number = [&](uint8_t value) {
    return (status & kBinary) != 0 ? int64_t{value} : FromBcd(value);
  };
  int64_t hour = number(time.hour & ~kAfternoon);
  if ((status & k24Hours) == 0) {
    hour = hour % 12 + ((time.hour & kAfternoon) != 0 ? 12 : 0);
  }
  const int64_t days = DayNumber(2000 + number(time.year), number(time.month),
                                 number(time.day));
  return ((days * 24 + hour) * 60 + number(time.minute)) * 60 +
         number(time.second);
}

// What to add to NowNs; 0 until it was read.
constinit std::atomic<int64_t> wall_clock_offset_ns{0};
constinit SpinLock rtc_lock;

uint64_t Scale(uint64_t value, uint64_t factor) {
  return static_cast<uint64_t>(
      static_cast<unsigned __int128>(value) * factor >> kShift);
}
// (per << kShift) / of. The compiler would call the C library for it.
uint64_t Factor(uint64_t per, uint64_t of) {
  uint64_t quotient;
  uint64_t rest;
  asm("divq %4"
      : "=a"(quotient), "=d"(rest)
      : "0"(per << kShift), "1"(per >> (64 - kShift)), "r"(of)
      : "cc");
  return quotient;
}

}  // namespace

void InitializeClock() {
  clock.start = ReadTsc();
  clock.cycles_per_second = KnownCyclesPerSecond();
  if (clock.cycles_per_second == 0 || !TimerHasDeadlines()) {
    const uint64_t known = clock.cycles_per_second;
    MeasureWithPit(clock);
    if (known != 0) clock.cycles_per_second = known;
  }
  clock.ns_per_cycle = Factor(kNsPerSecond, clock.cycles_per_second);
  clock.cycles_per_ns = Factor(clock.cycles_per_second, kNsPerSecond);
}

uint64_t WaitedCycles() { return clock.waited_cycles; }

void SpinFor(int64_t ns) {
  const uint64_t begin = ReadTsc();
  const int64_t deadline_ns = NowNs() + ns;
  while (NowNs() < deadline_ns) Pause();
  clock.waited_cycles += ReadTsc() - begin;
}

uint64_t CyclesPerSecond() { return clock.cycles_per_second; }

int64_t NowNs() {
  return static_cast<int64_t>(
      Scale(ReadTsc() - clock.start, clock.ns_per_cycle));
}

int64_t WallClockNs() {
  // Relaxed: it is one value that is never changed again.
  int64_t offset_ns = wall_clock_offset_ns.load(std::memory_order_relaxed);
  if (offset_ns == 0) {
    rtc_lock.lock();
    offset_ns = wall_clock_offset_ns.load(std::memory_order_relaxed);
    if (offset_ns == 0) {
      int64_t now_ns = KvmWallClockNs();
      if (now_ns == 0) {
        now_ns = ReadRtcSeconds() * static_cast<int64_t>(kNsPerSecond);
      }
      offset_ns = now_ns - NowNs();
      wall_clock_offset_ns.store(offset_ns, std::memory_order_relaxed);
    }
    rtc_lock.unlock();
  }
  return NowNs() + offset_ns;
}

void ArmTimer(int64_t deadline_ns) {
  if (deadline_ns < 0) deadline_ns = 0;
  if (TimerHasDeadlines()) {
    // One cycle later, as scaling rounds down.
    SetTimerDeadline(EBBRT_TIMER_VECTOR,
                     clock.start + Scale(static_cast<uint64_t>(deadline_ns),
                                         clock.cycles_per_ns) + 1);
    return;
  }
  const int64_t left_ns = deadline_ns - NowNs();
  constexpr int64_t kLeftMaxNs = int64_t{1} << 30;  // About a second.
  uint64_t counts = 1;
  if (left_ns > 0) {
    const int64_t bounded_ns = left_ns < kLeftMaxNs ? left_ns : kLeftMaxNs;
    counts = static_cast<uint64_t>(bounded_ns) *
                 (clock.timer_per_second >> 10) / (kNsPerSecond >> 10) +
             1;
  }
  constexpr uint64_t kCountsMax = ~0u;
  SetTimerCount(EBBRT_TIMER_VECTOR,
                static_cast<uint32_t>(counts < kCountsMax ? counts
                                                          : kCountsMax));
}

}  // namespace ebbrt::platform::machine
