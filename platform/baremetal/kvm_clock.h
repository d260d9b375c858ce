// KVM's clock, where it is the hypervisor: how fast the time stamp counter
// counts, and the time of the day, neither of which has then to be measured or
// read from devices.
//
// Cores: the boot processor, but for the functions of a value.
// Blocks, allocates: no. Errors: none; without that clock it has nothing.
// Source: kernel documentation, virt/kvm/x86/cpuid and virt/kvm/x86/msr.
#ifndef EBBRT_PLATFORM_BAREMETAL_KVM_CLOCK_H_
#define EBBRT_PLATFORM_BAREMETAL_KVM_CLOCK_H_

#include <cstdint>

namespace ebbrt::platform::machine {

// What the hypervisor writes (pvclock_vcpu_time_info): at `tsc` the machine had
// run for `system_ns`.
struct alignas(32) KvmTime {
  uint32_t version;  // Odd while it is written.
  uint32_t padding;
  uint64_t tsc;
  uint64_t system_ns;
  uint32_t multiplier;  // Nanoseconds of 2^32 cycles, shifted by ...
  int8_t shift;         // ... so many bits, to the right if negative.
  uint8_t flags;
  uint8_t reserved[2];
};
static_assert(sizeof(KvmTime) == 32);

// What it says of the time stamp counter; 0 if it says nothing.
uint64_t CyclesPerSecondOf(const KvmTime& time);
// For how long the machine had run when the counter was at `tsc`, which is not
// before `time.tsc`.
uint64_t SystemNsAt(const KvmTime& time, uint64_t tsc);

// Of the machine; 0 where there is no such clock.
uint64_t KvmCyclesPerSecond();
// Nanoseconds since 1970; 0 where there is no such clock.
int64_t KvmWallClockNs();

}  // namespace ebbrt::platform::machine

#endif  // EBBRT_PLATFORM_BAREMETAL_KVM_CLOCK_H_
