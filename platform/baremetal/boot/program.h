// The program's start: its stack, with what a kernel puts there.
//
// Cores: the boot processor. Blocks: it never returns. Allocates: the stack.
// Bound: as the constants say; what is beyond is dropped, and told.
// Source: System V ABI, AMD64 supplement, section 3.4.1.
#ifndef EBBRT_PLATFORM_BAREMETAL_BOOT_PROGRAM_H_
#define EBBRT_PLATFORM_BAREMETAL_BOOT_PROGRAM_H_

#include <cstddef>

namespace ebbrt::platform::machine {

// Words are separated by spaces; one in double quotes may have spaces in it. A
// backslash takes the next character as it is. Words "env:NAME=VALUE" are the
// environment, the others the arguments; the first of these is the program's
// name.
[[noreturn]] void StartProgram(const char* command_line, bool has_name);

}  // namespace ebbrt::platform::machine

#endif  // EBBRT_PLATFORM_BAREMETAL_BOOT_PROGRAM_H_
