// The report of what must not happen, and the end.
//
// One report is written, by whoever crashes first; all other processors are
// stopped. It has the processor, the registers, the calls that led there (as
// addresses, which the runner names), and what core has to add.
//
// Cores: any, at any time. Blocks: for the console. Allocates: no.
// Errors: none; it does not return. Exit codes: as a shell's for a signal.
#ifndef EBBRT_PLATFORM_BAREMETAL_CPU_CRASH_H_
#define EBBRT_PLATFORM_BAREMETAL_CPU_CRASH_H_

#include "platform/baremetal/cpu/interrupts.h"
#include "platform/baremetal/cpu/processor.h"

namespace ebbrt::platform::machine {

// `reason` replaces the exception's own name, if not empty.
[[noreturn]] void CrashByException(const ExceptionFrame& frame,
                                   const char* reason);
// The thread has ended itself by a signal, as abort does.
[[noreturn]] void CrashBySignal(const ThreadFrame& frame, int signal);

bool IsCrashing();

// Has `note` called at the end of a report, to say what else there is to say.
// It may use all that the program may, but not for long; if it crashes, too,
// the report ends there.
void SetCrashNote(void (*note)());

}  // namespace ebbrt::platform::machine

#endif  // EBBRT_PLATFORM_BAREMETAL_CPU_CRASH_H_
