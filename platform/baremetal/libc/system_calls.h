// The Linux system calls that the C library needs, served within the image.
//
// Applications' own work does not come here: memory, time, events and network
// are core's. What is not in the table is answered with ENOSYS, named once on
// the console, and counted.
//
// Cores: any. Blocks: as the call. Allocates: frames. Errors: as Linux's.
// Source: the Linux manual pages, section 2.
#ifndef EBBRT_PLATFORM_BAREMETAL_LIBC_SYSTEM_CALLS_H_
#define EBBRT_PLATFORM_BAREMETAL_LIBC_SYSTEM_CALLS_H_

#include <cerrno>
#include <cstdint>

#include "platform/baremetal/cpu/processor.h"

namespace ebbrt::platform::machine {

// Six arguments and a result, as registers have them.
struct Call {
  ThreadFrame& frame;

  uint64_t number() const { return frame.rax; }
  uint64_t a() const { return frame.rdi; }
  uint64_t b() const { return frame.rsi; }
  uint64_t c() const { return frame.rdx; }
  uint64_t d() const { return frame.r10; }
  uint64_t e() const { return frame.r8; }
  uint64_t f() const { return frame.r9; }
  template <typename T>
  static T* At(uint64_t address) {
    return reinterpret_cast<T*>(address);
  }
};

// Returns the result, or minus an errno.
using SystemCall = int64_t (*)(const Call& call);

// The calls of one subject, with their Linux numbers.
struct SystemCallEntry {
  uint32_t number;
  SystemCall serve;
};
struct SystemCallGroup {
  const SystemCallEntry* entries;
  size_t count;
};

extern const SystemCallGroup kMemoryCalls;   // memory_calls.cc
extern const SystemCallGroup kThreadCalls;   // thread_calls.cc
extern const SystemCallGroup kTimeCalls;     // time_calls.cc
extern const SystemCallGroup kFileCalls;     // file_calls.cc
extern const SystemCallGroup kProcessCalls;  // process_calls.cc

// Once, before the first call.
void InitializeSystemCalls();

// Calls that are not served, since the start; by number they are told on the
// console.
uint64_t UnknownSystemCalls();

// Threads (thread_calls.cc).
extern "C" {
[[noreturn]] void ResumeThread(const ThreadFrame* frame);
[[noreturn]] void CallOnStack(uint64_t stack, void (*function)());
[[noreturn]] void StartProgram(uint64_t stack, uint64_t entry);
}
// What a processor does that has no thread: waits for one. On its own stack.
[[noreturn]] void AwaitThread();

// What SIGINT and SIGTERM, raised by the program, have come at the boot
// processor.
void SetStopVector(uint8_t vector);

// Entropy of the machine, as good as there is; and more of it, by who has a
// source. Any core, also before the C library.
void AddEntropy(const void* bytes, size_t count);
void FillEntropy(void* bytes, size_t count);

}  // namespace ebbrt::platform::machine

#endif  // EBBRT_PLATFORM_BAREMETAL_LIBC_SYSTEM_CALLS_H_
