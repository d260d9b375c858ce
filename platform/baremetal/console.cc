#include "platform/baremetal/console.h"

#include <atomic>

#include "core/base/spin_lock.h"
#include "platform/baremetal/cpu/instructions.h"
#include "platform/baremetal/power_off.h"
#include "platform/baremetal/statistics.h"

namespace ebbrt::platform::machine {
namespace {

constexpr uint16_t kData = 0x3f8;  // COM1.
constexpr uint16_t kInterruptEnable = kData + 1;
constexpr uint16_t kFifoControl = kData + 2;
constexpr uint16_t kLineControl = kData + 3;
constexpr uint16_t kModemControl = kData + 4;
constexpr uint16_t kLineStatus = kData + 5;
constexpr uint8_t kTransmitterEmpty = 1u << 5;
constexpr uint8_t kTransmitterIdle = 1u << 6;
constexpr size_t kFifoBytes = 16;
// A device that is not there reads as all ones, one that hangs as never ready.
constexpr int kReadyTriesMax = 1000000;

constexpr uint16_t kHostFilePort = 0xe9;
constexpr uint16_t kDebugExitPort = 0x501;

constinit SpinLock console_lock;
constinit std::atomic<bool> seized{false};
constinit SpinLock host_file_lock;

void AwaitStatus(uint8_t status) {
  for (int i = 0; i < kReadyTriesMax; ++i) {
    if ((In8(kLineStatus) & status) != 0) return;
    Pause();
  }
}

void Send(const char* bytes, size_t count) {
  while (count > 0) {
    AwaitStatus(kTransmitterEmpty);
    for (size_t i = 0; i < kFifoBytes && count > 0; ++i, --count) {
      Out8(kData, static_cast<uint8_t>(*bytes++));
    }
  }
}

}  // namespace

void InitializeConsole() {
  Out8(kInterruptEnable, 0);
  Out8(kLineControl, 0x80);  // The divisor of the rate: 115,200.
  Out8(kData, 1);
  Out8(kInterruptEnable, 0);
  Out8(kLineControl, 0x03);  // Eight bits, no parity, one stop bit.
  Out8(kFifoControl, 0xc7);  // On and cleared.
  Out8(kModemControl, 0x0b);
}

ConsoleWriter::ConsoleWriter() {
  while (!console_lock.try_lock()) {
    if (seized.load(std::memory_order_relaxed)) return;
    Pause();
  }
}

ConsoleWriter::~ConsoleWriter() { console_lock.unlock(); }

ConsoleWriter& ConsoleWriter::Text(const char* text) {
  size_t bytes = 0;
  while (text[bytes] != '\0') ++bytes;
  return Bytes(text, bytes);
}

ConsoleWriter& ConsoleWriter::Bytes(const char* text, size_t bytes) {
  NoteConsoleLine();
  // A terminal wants a carriage return before each line feed.
  while (bytes > 0) {
    size_t line = 0;
    while (line < bytes && text[line] != '\n') ++line;
    Send(text, line);
    text += line;
    bytes -= line;
    if (bytes > 0) {
      Send("\r\n", 2);
      ++text;
      --bytes;
    }
  }
  return *this;
}

ConsoleWriter& ConsoleWriter::Decimal(uint64_t number) {
  char digits[20];
  size_t begin = sizeof(digits);
  do {
    digits[--begin] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  return Bytes(digits + begin, sizeof(digits) - begin);
}

ConsoleWriter& ConsoleWriter::Signed(int64_t number) {
  if (number >= 0) return Decimal(static_cast<uint64_t>(number));
  return Text("-").Decimal(-static_cast<uint64_t>(number));
}

ConsoleWriter& ConsoleWriter::Hexadecimal(uint64_t number, int digits) {
  while (digits < 16 && number >> 4 * digits != 0) ++digits;
  char text[18] = {'0', 'x'};
  for (int i = 0; i < digits; ++i) {
    text[2 + i] =
        "0123456789abcdef"[number >> 4 * (digits - 1 - i) & 0xf];
  }
  return Bytes(text, 2 + digits);
}

std::optional<char> TakeConsoleInput() {
  constexpr uint8_t kReceived = 1u << 0;
  if ((In8(kLineStatus) & kReceived) == 0) return std::nullopt;
  return static_cast<char>(In8(kData));
}

void EnableConsoleInput() {
  constexpr uint8_t kOnReceived = 1u << 0;
  Out8(kInterruptEnable, kOnReceived);
}

void SeizeConsole() { seized.store(true, std::memory_order_relaxed); }

void WriteHostFile(const char* bytes, size_t count) {
  host_file_lock.lock();
  OutString(kHostFilePort, bytes, count);
  host_file_lock.unlock();
}

void ExitMachine(int code) {
  WriteStatistics();
  {
    ConsoleWriter writer;
    writer.Text("@ebbrt {\"event\":\"exit\",\"code\":")
        .Signed(code)
        .Text("}\n");
    AwaitStatus(kTransmitterIdle);
  }
  Out16(kDebugExitPort, static_cast<uint16_t>(code));
  PowerOff();
  HaltForever();
}

}  // namespace ebbrt::platform::machine
