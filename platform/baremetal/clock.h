// Clocks: the time stamp counter, and what it says in nanoseconds.
//
// Cores: any, at any time after InitializeClock. Blocks: InitializeClock for
// about a millisecond where the processor does not say how fast it counts.
// Allocates: no. Errors: none.
// Source: AMD64 APM volume 3, appendix E; Intel SDM volume 3, section 18.7.3;
// Intel 8254 data sheet; Motorola MC146818 data sheet.
#ifndef EBBRT_PLATFORM_BAREMETAL_CLOCK_H_
#define EBBRT_PLATFORM_BAREMETAL_CLOCK_H_

#include <cstdint>

#include "platform/baremetal/cpu/instructions.h"

namespace ebbrt::platform::machine {

// Once, on the boot processor, whose timer is measured with it.
void InitializeClock();

// How long bring-up has waited for time to pass, so far.
uint64_t WaitedCycles();
// Waits for time to pass, by spinning.
void SpinFor(int64_t ns);

uint64_t CyclesPerSecond();

// Since InitializeClock.
int64_t NowNs();
// Since 1970, by the hypervisor's clock or the machine's battery-backed one.
int64_t WallClockNs();

// Has the timer of this processor end its halt at that time. It may do so
// early, where the timer cannot count so far.
void ArmTimer(int64_t deadline_ns);

}  // namespace ebbrt::platform::machine

#endif  // EBBRT_PLATFORM_BAREMETAL_CLOCK_H_
