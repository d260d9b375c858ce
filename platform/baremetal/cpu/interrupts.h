// Interrupts and exceptions, as the processor delivers them.
//
// Interrupts are off but in the loop's own window (InterruptWindow, Halt...).
// What comes there is noted, a bit a vector, and told to the local APIC; the
// loop then runs the vectors' handlers, each as an event. So a handler starts
// with nothing to save.
//
// Cores: each processor has vectors of its own. Ownership: a vector is its
// allocator's until it is freed. Blocks, allocates: no.
// Bound: EBBRT_VECTORS a processor. Errors: 0 where all of them are in use. An
// interrupt that nobody handles is dropped; an exception that nobody expects is
// a crash (crash.h).
// Source: paper section 3.3; AMD64 APM volume 2, chapter 8.
#ifndef EBBRT_PLATFORM_BAREMETAL_CPU_INTERRUPTS_H_
#define EBBRT_PLATFORM_BAREMETAL_CPU_INTERRUPTS_H_

#include <cstdint>

#include "platform/baremetal/cpu/processor.h"

namespace ebbrt::platform::machine {

// The stacks on which the processor starts handlers: never the interrupted
// one, whose red zone may be in use.
enum class InterruptStack : uint8_t {
  kInterrupt = 1,
  kException,
  kDoubleFault,
  kNmi,
};

// Once, on the boot processor.
void MakeInterruptTable();
// On each processor.
void LoadInterruptTable();

// How a device interrupts: by a message or an edge; or by a line that stays
// active until the handler has served the device.
enum class InterruptKind { kEdge, kLevel };

// A vector of the calling processor. The handler may be called for what came
// before and was for another.
uint8_t AllocateVector(InterruptKind kind, InterruptHandler handler,
                       void* context);
// REQUIRES: called on that processor, or it runs no loop.
void FreeVector(Processor& processor, uint8_t vector);

// What an exception leaves; interrupts.S pushes it.
struct ExceptionFrame {
  uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
  uint64_t rdi, rsi, rbp, rbx, rdx, rcx, rax;
  uint64_t vector;
  uint64_t error;
  uint64_t rip, cs, rflags, rsp, ss;
};

// Called by interrupts.S; what it leaves in the frame is returned to.
extern "C" void HandleException(ExceptionFrame* frame);

// The halt in HaltUntilInterrupt, and what is behind it.
extern "C" const char halt_begin[];
extern "C" const char halt_end[];

enum class Exception : uint64_t {
  kDivide = 0,
  kNmi = 2,
  kInvalidOpcode = 6,
  kDoubleFault = 8,
  kStack = 12,
  kGeneralProtection = 13,
  kPageFault = 14,
  kMachineCheck = 18,
};

// Called for a fault of a reserved page; true: make the access again.
using PageFaultHandler = bool (*)(void* address);
void SetPageFaultHandler(PageFaultHandler handler);

}  // namespace ebbrt::platform::machine

#endif  // EBBRT_PLATFORM_BAREMETAL_CPU_INTERRUPTS_H_
