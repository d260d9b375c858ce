// EBBRT_CHECK, for code that runs before libc does and beneath it.
//
// Cores: any, at any time. Errors: writes the text to the console and stops the
// machine.
#ifndef EBBRT_PLATFORM_BAREMETAL_MACHINE_CHECK_H_
#define EBBRT_PLATFORM_BAREMETAL_MACHINE_CHECK_H_

namespace ebbrt::platform::machine {

// Tells what is wrong, and where from, and stops the machine.
[[noreturn, gnu::cold]] void MachineCheckFailed(const char* what);

}  // namespace ebbrt::platform::machine

#define MACHINE_CHECK(condition, what)                             \
  do {                                                             \
    if (!(condition)) [[unlikely]] {                               \
      ::ebbrt::platform::machine::MachineCheckFailed(what);        \
    }                                                              \
  } while (false)

#endif  // EBBRT_PLATFORM_BAREMETAL_MACHINE_CHECK_H_
