// Who may ask the machine to stop in good order (stop_request.h).
#ifndef EBBRT_PLATFORM_BAREMETAL_STOP_SOURCES_H_
#define EBBRT_PLATFORM_BAREMETAL_STOP_SOURCES_H_

namespace ebbrt::platform::internal {

// Once each, during bring-up.

// Ctrl-C, typed on the console. Without firmware's tables nobody listens.
void ListenToConsole();
// The program itself, by SIGINT or SIGTERM.
void TakeStopSignals();

}  // namespace ebbrt::platform::internal

#endif  // EBBRT_PLATFORM_BAREMETAL_STOP_SOURCES_H_
