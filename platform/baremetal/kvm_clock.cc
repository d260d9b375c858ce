#include "platform/baremetal/kvm_clock.h"

#include <atomic>

#include "platform/baremetal/cpu/instructions.h"

namespace ebbrt::platform::machine {
namespace {

constexpr uint64_t kNsPerSecond = 1000000000;

// What the hypervisor writes of the time of the day at which the machine's own
// began (pvclock_wall_clock).
struct alignas(16) KvmWallTime {
  uint32_t version;
  uint32_t seconds;
  uint32_t nanoseconds;
};

// Physical memory is where it is, and so is the image.
constinit KvmTime machine_time = {};
constinit KvmWallTime wall_time = {};

// The leaf that says what KVM offers; 0 without KVM. Hypervisors that also
// claim to be another have it further up.
uint32_t FeaturesLeaf() {
  constexpr uint32_t kHypervisorPresent = 1u << 31;
  constexpr uint32_t kBegin = 0x40000000;
  constexpr uint32_t kEnd = 0x40010000;
  constexpr uint32_t kStep = 0x100;
  // "KVMKVMKVM", in three registers.
  constexpr uint32_t kName[] = {0x4b4d564b, 0x564b4d56, 0x4d};
  if ((Cpuid(1).c & kHypervisorPresent) == 0) return 0;
  for (uint32_t leaf = kBegin; leaf < kEnd; leaf += kStep) {
    const CpuidResult found = Cpuid(leaf);
    if (found.b == kName[0] && found.c == kName[1] && found.d == kName[2]) {
      return leaf + 1;
    }
  }
  return 0;
}

bool HasClock() {
  constexpr uint32_t kClock = 1u << 3;  // By the registers below.
  const uint32_t leaf = FeaturesLeaf();
  return leaf != 0 && (Cpuid(leaf).a & kClock) != 0;
}

// Asks the hypervisor for the time once; it does not go on writing it.
KvmTime ReadTime() {
  constexpr uint64_t kEnable = 1;
  const auto address = reinterpret_cast<uint64_t>(&machine_time);
  WriteMsr(Msr::kKvmSystemTime, address | kEnable);
  // It is written on the way back into the guest, and perhaps again: where the
  // version is even and the same behind the rest, nobody wrote meanwhile.
  constexpr int kTriesMax = 1000;
  KvmTime time = {};
  for (int i = 0; i < kTriesMax; ++i) {
    const uint32_t before =
        std::atomic_ref(machine_time.version).load(std::memory_order_acquire);
    CopyBytes(&time, &machine_time, sizeof(time));
    std::atomic_thread_fence(std::memory_order_acquire);
    const uint32_t behind =
        std::atomic_ref(machine_time.version).load(std::memory_order_relaxed);
    if (before == behind && before % 2 == 0 && before != 0) break;
    time = {};
  }
  WriteMsr(Msr::kKvmSystemTime, 0);
  return time;
}

}  // namespace

uint64_t CyclesPerSecondOf(const KvmTime& time) {
  if (time.multiplier == 0) return 0;
  const uint64_t cycles = (kNsPerSecond << 32) / time.multiplier;
  return time.shift < 0 ? cycles << -time.shift : cycles >> time.shift;
}

uint64_t SystemNsAt(const KvmTime& time, uint64_t tsc) {
  uint64_t cycles = tsc - time.tsc;
  cycles = time.shift < 0 ? cycles >> -time.shift : cycles << time.shift;
  return time.system_ns +
         static_cast<uint64_t>(
             static_cast<unsigned __int128>(cycles) * time.multiplier >> 32);
}

uint64_t KvmCyclesPerSecond() {
  return HasClock() ? CyclesPerSecondOf(ReadTime()) : 0;
}

int64_t KvmWallClockNs() {
  if (!HasClock()) return 0;
  // Written before the instruction is over.
  WriteMsr(Msr::kKvmWallClock, reinterpret_cast<uint64_t>(&wall_time));
  std::atomic_signal_fence(std::memory_order_seq_cst);
  const KvmTime time = ReadTime();
  if (wall_time.seconds == 0 || time.multiplier == 0) return 0;
  return static_cast<int64_t>(wall_time.seconds * kNsPerSecond +
                              wall_time.nanoseconds +
                              SystemNsAt(time, ReadTsc()));
}

}  // namespace ebbrt::platform::machine
