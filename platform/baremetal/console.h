// The console, a serial line, and the way out.
//
// Cores: any, at any time. Blocks: for the line, 115,200 bits a second on a
// real one. Allocates: no. Errors: a machine without the device loses the text.
// Source: National Semiconductor, PC16550D data sheet.
#ifndef EBBRT_PLATFORM_BAREMETAL_CONSOLE_H_
#define EBBRT_PLATFORM_BAREMETAL_CONSOLE_H_

#include <cstddef>
#include <cstdint>
#include <optional>

namespace ebbrt::platform::machine {

void InitializeConsole();

// Writes texts as one, between those of others.
class ConsoleWriter {
 public:
  ConsoleWriter();
  ~ConsoleWriter();
  ConsoleWriter(const ConsoleWriter&) = delete;
  ConsoleWriter& operator=(const ConsoleWriter&) = delete;

  ConsoleWriter& Text(const char* text);
  ConsoleWriter& Bytes(const char* text, size_t bytes);
  ConsoleWriter& Decimal(uint64_t number);
  ConsoleWriter& Signed(int64_t number);
  // As 0x..., in as many digits as it takes or in `digits`.
  ConsoleWriter& Hexadecimal(uint64_t number, int digits = 1);
};

// What has been typed, a byte at a time; nothing if there is no more. After
// EnableConsoleInput the line interrupts when something is.
std::optional<char> TakeConsoleInput();
void EnableConsoleInput();

// Whoever held the console is not heard of any more: a crash wants it.
void SeizeConsole();

// The bytes go to the host as a file (QEMU's debug console).
void WriteHostFile(const char* bytes, size_t count);

// Tells the exit code, and switches the machine off.
[[noreturn]] void ExitMachine(int code);

}  // namespace ebbrt::platform::machine

#endif  // EBBRT_PLATFORM_BAREMETAL_CONSOLE_H_
