// Finds an event that never ends: nothing else of the simulation goes on then.
//
// Every kPeriod of the process's own processor time it looks whether a turn or
// an action has ended since; if not, it says which node, core and event tag it
// is, and ends the process with kSpinExitCode.
//
// Cores: the main thread, before it simulates; it works in a signal handler
// (SIGPROF).
#ifndef EBBRT_PLATFORM_SIM_HOST_WATCHDOG_H_
#define EBBRT_PLATFORM_SIM_HOST_WATCHDOG_H_

#include "core/base/types.h"

namespace ebbrt::platform {

inline constexpr int kSpinExitCode = 72;
inline constexpr Duration kWatchdogPeriod = std::chrono::seconds(10);

void StartWatchdog(Duration period = kWatchdogPeriod);

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_HOST_WATCHDOG_H_
