// Waiting by halting, and ending another processor's halt.
//
// Cores: any. Blocks: HaltUntil. Allocates: no.
#ifndef EBBRT_PLATFORM_BAREMETAL_CPU_WAKE_H_
#define EBBRT_PLATFORM_BAREMETAL_CPU_WAKE_H_

#include <atomic>
#include <cstdint>

#include "platform/baremetal/cpu/processor.h"

namespace ebbrt::platform::machine {

// Stops until there is an interrupt, and takes it. One that comes right before
// is not missed. May return without one: an NMI ends it too.
void HaltUntilInterrupt();

// Interrupts a processor, which does no more than end its halt.
void WakeProcessor(const Processor& processor);

// Halts until `flag` is set, by who then wakes this processor, or the deadline
// has passed. Returns the flag.
bool HaltUntil(const std::atomic<bool>& flag, int64_t deadline_ns);

}  // namespace ebbrt::platform::machine

#endif  // EBBRT_PLATFORM_BAREMETAL_CPU_WAKE_H_
