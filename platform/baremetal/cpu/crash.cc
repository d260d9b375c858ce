#include "platform/baremetal/cpu/crash.h"

#include <atomic>

#include "platform/baremetal/console.h"
#include "platform/baremetal/cpu/instructions.h"
#include "platform/baremetal/cpu/local_apic.h"
#include "platform/baremetal/machine_check.h"

namespace ebbrt::platform::machine {
namespace {

constexpr int kSignalCode = 128;
constexpr int kIllegal = 4;
constexpr int kAbort = 6;
constexpr int kFloatingPoint = 8;
constexpr int kSegmentation = 11;

constexpr int kCallsMax = 32;
// How far from one frame the next may be.
constexpr uint64_t kFrameBytesMax = 1024 * 1024;
// How many words are looked at for where a broken chain of frames goes on.
constexpr int kSearchedWordsMax = 512;

constexpr uint32_t kNobody = ~0u;
// The index of the processor that reports.
constinit std::atomic<uint32_t> reporter{kNobody};
constinit std::atomic<void (*)()> crash_note{nullptr};

// Only one reports, and only once.
void BeginReport(int code) {
  const uint32_t self = CurrentProcessor().index;
  uint32_t first = kNobody;
  if (!reporter.compare_exchange_strong(first, self)) {
    if (first == self) ExitMachine(code);
    HaltForever();
  }
  SeizeConsole();
  const uint32_t count = processor_count.load(std::memory_order_relaxed);
  for (uint32_t i = 0; i < count; ++i) {
    if (i != self) SendNmi(ProcessorAt(i).apic_id);
  }
}

[[noreturn]] void TellMoreAndExit(uint64_t code) {
  // Memory that comes by its first touch wants the lock, and who was stopped
  // with it never gives it back.
  auto* note = crash_note.load(std::memory_order_relaxed);
  if (note != nullptr && !address_space.IsLocked()) note();
  ExitMachine(static_cast<int>(code));
}

// Away from the stacks of exceptions and system calls, which the note itself
// causes and makes. Interrupts do not come any more.
[[noreturn]] void EndReport(int code) {
  asm volatile(
      "movq %0, %%rsp\n\t"
      "xorl %%ebp, %%ebp\n\t"
      "callq *%1"
      :
      : "r"(StackTop(CurrentProcessor().index, StackUse::kInterrupt)),
        "r"(&TellMoreAndExit), "D"(static_cast<uint64_t>(code))
      : "memory");
  __builtin_unreachable();
}

const char* NameOf(uint64_t vector) {
  switch (static_cast<Exception>(vector)) {
    case Exception::kDivide:
      return "divide error";
    case Exception::kInvalidOpcode:
      return "invalid instruction";
    case Exception::kDoubleFault:
      return "double fault (a stack has overflowed?)";
    case Exception::kStack:
      return "stack fault";
    case Exception::kGeneralProtection:
      return "general protection fault";
    case Exception::kPageFault:
      return "page fault";
    case Exception::kMachineCheck:
      return "machine check";
    default:
      return "exception";
  }
}

int SignalOf(uint64_t vector) {
  switch (static_cast<Exception>(vector)) {
    case Exception::kDivide:
      return kFloatingPoint;
    case Exception::kInvalidOpcode:
      return kIllegal;
    default:
      return kSegmentation;
  }
}

bool IsReadable(uint64_t address) {
  return address % 8 == 0 && address_space.IsPresent(address);
}
bool IsCode(uint64_t address) {
  return address > reinterpret_cast<uint64_t>(code_begin) &&
         address <= reinterpret_cast<uint64_t>(code_end);
}
uint64_t WordAt(uint64_t address) {
  return *reinterpret_cast<const uint64_t*>(address);
}

// Whether a frame pointer was saved at `address`, and a return address above.
bool IsFrame(uint64_t address) {
  if (!IsReadable(address) || !IsReadable(address + 8)) return false;
  const uint64_t next = WordAt(address);
  return IsCode(WordAt(address + 8)) &&
         (next == 0 || (next > address && next - address < kFrameBytesMax));
}

// Code of the system's libraries keeps no frame pointers; ours, below it, does.
uint64_t NextFrame(uint64_t frame, uint64_t stack) {
  if (frame >= stack && IsFrame(frame)) return frame;
  for (int i = 0; i < kSearchedWordsMax; ++i, stack += 8) {
    if (!IsReadable(stack)) return 0;
    if (IsFrame(stack) && WordAt(stack) != 0) return stack;
  }
  return 0;
}

void WriteCall(ConsoleWriter& writer, int number, uint64_t address) {
  writer.Text("  #").Decimal(number).Text(" ").Hexadecimal(address, 16);
  writer.Text("\n");
}

void WriteCalls(ConsoleWriter& writer, uint64_t rip, uint64_t rsp,
                uint64_t rbp) {
  writer.Text("backtrace:\n");
  int number = 0;
  WriteCall(writer, number++, rip);
  // A call of what is no code: the return address is on top of the stack.
  if (!IsCode(rip) && IsReadable(rsp) && IsCode(WordAt(rsp))) {
    WriteCall(writer, number++, WordAt(rsp) - 1);
  }
  uint64_t stack = rsp & ~uint64_t{7};
  uint64_t frame = rbp;
  while (number < kCallsMax) {
    frame = NextFrame(frame, stack);
    if (frame == 0) break;
    // The call is before where it returns to.
    WriteCall(writer, number++, WordAt(frame + 8) - 1);
    stack = frame + 16;
    frame = WordAt(frame);
    if (frame == 0) break;
  }
}

struct NamedRegister {
  const char* name;
  uint64_t value;
};
template <size_t kCount>
void WriteRegisters(ConsoleWriter& writer,
                    const NamedRegister (&registers)[kCount]) {
  constexpr size_t kPerLine = 4;
  for (size_t i = 0; i < kCount; ++i) {
    writer.Text(i % kPerLine == 0 ? "  " : " ").Text(registers[i].name);
    writer.Text("=").Hexadecimal(registers[i].value, 16);
    if (i % kPerLine == kPerLine - 1 || i == kCount - 1) writer.Text("\n");
  }
}

void WriteHead(ConsoleWriter& writer, const char* what) {
  const Processor& processor = CurrentProcessor();
  writer.Text("\n*** crash: ").Text(what).Text(", on ");
  if (processor.core != nullptr) {
    writer.Text("core ").Decimal(processor.core_id.index());
  } else {
    writer.Text("processor ").Decimal(processor.index);
  }
}

}  // namespace

bool IsCrashing() {
  return reporter.load(std::memory_order_relaxed) != kNobody;
}

void SetCrashNote(void (*note)()) {
  crash_note.store(note, std::memory_order_relaxed);
}

void CrashByException(const ExceptionFrame& frame, const char* reason) {
  const int code = kSignalCode + SignalOf(frame.vector);
  BeginReport(code);
  {
    ConsoleWriter writer;
    WriteHead(writer, *reason != '\0' ? reason : NameOf(frame.vector));
    writer.Text(" (vector ").Decimal(frame.vector).Text(", error ");
    writer.Hexadecimal(frame.error);
    if (static_cast<Exception>(frame.vector) == Exception::kPageFault) {
      writer.Text((frame.error & 2) != 0 ? ", writing "
                  : (frame.error & 16) != 0 ? ", executing " : ", reading ");
      writer.Hexadecimal(ReadCr2());
    }
    writer.Text(")\n");
    WriteRegisters(writer, {{"rip", frame.rip}, {"rsp", frame.rsp},
                            {"rbp", frame.rbp}, {"rfl", frame.rflags},
                            {"rax", frame.rax}, {"rbx", frame.rbx},
                            {"rcx", frame.rcx}, {"rdx", frame.rdx},
                            {"rsi", frame.rsi}, {"rdi", frame.rdi},
                            {"r8 ", frame.r8}, {"r9 ", frame.r9},
                            {"r10", frame.r10}, {"r11", frame.r11},
                            {"r12", frame.r12}, {"r13", frame.r13},
                            {"r14", frame.r14}, {"r15", frame.r15}});
    WriteCalls(writer, frame.rip, frame.rsp, frame.rbp);
  }
  EndReport(code);
}

void CrashBySignal(const ThreadFrame& frame, int signal) {
  const int code = kSignalCode + signal;
  BeginReport(code);
  {
    ConsoleWriter writer;
    WriteHead(writer, signal == kAbort ? "aborted" : "signal");
    writer.Text(" (signal ").Signed(signal).Text(")\n");
    WriteCalls(writer, frame.rip, frame.rsp, frame.rbp);
  }
  EndReport(code);
}

void MachineCheckFailed(const char* what) {
  // It may be too early for any but the boot processor.
  const bool early = processor_count.load(std::memory_order_relaxed) == 0;
  if (!early) BeginReport(kSignalCode + kAbort);
  {
    ConsoleWriter writer;
    writer.Text("\n*** crash: ").Text(what).Text("\n");
    WriteCalls(writer, reinterpret_cast<uint64_t>(__builtin_return_address(0)),
               reinterpret_cast<uint64_t>(__builtin_frame_address(0)),
               reinterpret_cast<uint64_t>(__builtin_frame_address(0)));
  }
  ExitMachine(kSignalCode + kAbort);
}

}  // namespace ebbrt::platform::machine
