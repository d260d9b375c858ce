// What is typed on the console: Ctrl-C asks the machine to stop.
#ifndef EBBRT_PLATFORM_BAREMETAL_CONSOLE_INPUT_H_
#define EBBRT_PLATFORM_BAREMETAL_CONSOLE_INPUT_H_

namespace ebbrt::platform::internal {

// Once, during bring-up. Without firmware's tables nobody listens.
void ListenToConsole();

}  // namespace ebbrt::platform::internal

#endif  // EBBRT_PLATFORM_BAREMETAL_CONSOLE_INPUT_H_
