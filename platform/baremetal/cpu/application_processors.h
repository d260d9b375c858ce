// Starting the other processors.
//
// Cores: the boot processor, once, when the runtime stands. Blocks: 10 ms for
// all together, and for each until it has come up or kStartTimeoutNs have
// passed. Allocates: their slots. Bound: kProcessorsMax.
// Errors: one that does not come up is told on the console, and done without.
// Source: Intel SDM volume 3, section 9.4.4.1.
#ifndef EBBRT_PLATFORM_BAREMETAL_CPU_APPLICATION_PROCESSORS_H_
#define EBBRT_PLATFORM_BAREMETAL_CPU_APPLICATION_PROCESSORS_H_

#include <cstddef>
#include <cstdint>

namespace ebbrt::platform::machine {

// The processors of these local APICs; the boot processor's may be among them.
void StartProcessors(const uint32_t* apic_ids, size_t count);

}  // namespace ebbrt::platform::machine

#endif  // EBBRT_PLATFORM_BAREMETAL_CPU_APPLICATION_PROCESSORS_H_
