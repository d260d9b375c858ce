// The local APIC: interrupts between processors, and each one's timer.
//
// Cores: each its own. Blocks: no. Allocates: no. Errors: none.
// Source: AMD64 APM volume 2, chapter 16; Intel SDM volume 3, chapter 11.
#ifndef EBBRT_PLATFORM_BAREMETAL_CPU_LOCAL_APIC_H_
#define EBBRT_PLATFORM_BAREMETAL_CPU_LOCAL_APIC_H_

#include <cstdint>

namespace ebbrt::platform::machine {

// Once, on the boot processor: finds out how it is spoken to. The address is
// where firmware says that it is, or 0.
void FindLocalApic(uint64_t address);
// On each processor, after EnterProcessor: enables it. Its id.
uint32_t EnableLocalApic();

// The end of the interrupt in service that has the highest priority.
void EndInterrupt();

void SendInterrupt(uint32_t apic_id, uint8_t vector);
void SendNmi(uint32_t apic_id);
// The sequence by which an application processor is started.
void SendInit(uint32_t apic_id);
void SendStartup(uint32_t apic_id, uint64_t page);

// Whether the timer knows deadlines of the time stamp counter; if not, it
// counts at a rate that who has a clock finds out (clock.cc).
bool TimerHasDeadlines();
void StartTimerCount(uint32_t count);
uint32_t ReadTimerCount();
// Has `vector` come at a value of the time stamp counter, or after so many
// counts; replaces what was asked for before.
void SetTimerDeadline(uint8_t vector, uint64_t tsc);
void SetTimerCount(uint8_t vector, uint32_t count);
void StopTimer();

}  // namespace ebbrt::platform::machine

#endif  // EBBRT_PLATFORM_BAREMETAL_CPU_LOCAL_APIC_H_
