#include "platform/baremetal/cpu/interrupts.h"

#include <atomic>
#include <bit>

#include "platform/baremetal/cpu/crash.h"
#include "platform/baremetal/cpu/instructions.h"
#include "platform/baremetal/cpu/layout.h"
#include "platform/baremetal/cpu/local_apic.h"
#include "platform/baremetal/cpu/processor.h"
#include "platform/baremetal/cpu/shootdown.h"
#include "platform/baremetal/memory/address_space.h"

namespace ebbrt::platform::machine {
namespace {

struct Gate {  // AMD64 APM volume 2, section 4.8.4.
  uint16_t offset_low;
  uint16_t selector;
  uint8_t stack;
  uint8_t type;
  uint16_t offset_middle;
  uint32_t offset_high;
  uint32_t reserved;
};
constinit Gate gates[EBBRT_VECTORS] = {};

constinit std::atomic<PageFaultHandler> page_fault_handler{nullptr};

// The error code of a page fault.
constexpr uint64_t kErrorPresent = 1u << 0;
constexpr uint64_t kErrorWrite = 1u << 1;

// How far from the stack pointer an access of the stack may be.
constexpr uint64_t kStackReach = 64 * 1024;

// What a handler of page faults may use of its stack before another fault,
// which begins a new part of it.
constexpr uint64_t kNestingBytes = 12 * 1024;

InterruptStack StackFor(uint32_t vector) {
  if (vector >= EBBRT_FIRST_INTERRUPT) return InterruptStack::kInterrupt;
  switch (static_cast<Exception>(vector)) {
    case Exception::kNmi:
      return InterruptStack::kNmi;
    case Exception::kDoubleFault:
    case Exception::kMachineCheck:
      return InterruptStack::kDoubleFault;
    default:
      return InterruptStack::kException;
  }
}

// Calls the handler, which is ordinary code, while the interrupted code's
// vector registers are in use.
bool CallPageFaultHandler(PageFaultHandler handler, void* address) {
  constexpr size_t kStateBytesMax = 4096;
  alignas(64) uint8_t state[kStateBytesMax];
  const bool has_xsave = (ReadCr4() & 1u << 18) != 0;
  Processor& processor = CurrentProcessor();
  uint32_t* stack = &processor.task.interrupt_stacks
                         [2 * (static_cast<int>(InterruptStack::kException) -
                               1)];
  if (has_xsave) {
    ClearWords(state + 512, 64);  // The header, which has to be zero.
    asm volatile("xsave64 (%0)" : : "r"(state), "a"(~0u), "d"(~0u) : "memory");
  } else {
    asm volatile("fxsave64 (%0)" : : "r"(state) : "memory");
  }
  // Stacks are within 4 GiB of their slot, so the low half suffices.
  *stack -= kNestingBytes;
  const bool handled = handler(address);
  *stack += kNestingBytes;
  if (has_xsave) {
    asm volatile("xrstor64 (%0)" : : "r"(state), "a"(~0u), "d"(~0u) : "memory");
  } else {
    asm volatile("fxrstor64 (%0)" : : "r"(state) : "memory");
  }
  return handled;
}

bool HandlePageFault(const ExceptionFrame& frame) {
  const uint64_t address = ReadCr2();
  switch (address_space.HandleFault(address,
                                    (frame.error & kErrorWrite) != 0,
                                    (frame.error & kErrorPresent) != 0)) {
    case AddressSpace::Fault::kMended:
      return true;
    case AddressSpace::Fault::kReserved: {
      // Acquire: what the handler relies on has been written.
      PageFaultHandler handler =
          page_fault_handler.load(std::memory_order_acquire);
      if (handler != nullptr &&
          CallPageFaultHandler(handler, reinterpret_cast<void*>(address))) {
        return true;
      }
      // Stacks have such pages below them.
      const uint64_t below = frame.rsp - address;
      if (below < kStackReach || -below < kStackReach) {
        CrashByException(frame, "stack overflow");
      }
      return false;
    }
    case AddressSpace::Fault::kNoMemory:
      CrashByException(frame, "out of memory");
    case AddressSpace::Fault::kWild:
      return false;
  }
  return false;
}

}  // namespace

extern "C" {
extern const uint64_t interrupt_entries[EBBRT_VECTORS];

void HandleException(ExceptionFrame* frame) {
  switch (static_cast<Exception>(frame->vector)) {
    case Exception::kNmi:
      // See HaltInterruptibly (interrupts.S).
      if (frame->rip == reinterpret_cast<uint64_t>(halt_begin)) {
        frame->rip = reinterpret_cast<uint64_t>(halt_end);
      }
      if (HandleShootdown()) return;
      if (IsCrashing()) HaltForever();
      return;  // A watchdog's or a button's: nobody here has asked.
    case Exception::kPageFault:
      if (HandlePageFault(*frame)) return;
      break;
    default:
      break;
  }
  CrashByException(*frame, "");
}
}  // extern "C"

void MakeInterruptTable() {
  constexpr uint8_t kInterruptGate = 0x8e;
  for (uint32_t vector = 0; vector < EBBRT_VECTORS; ++vector) {
    const uint64_t entry = interrupt_entries[vector];
    gates[vector] = {.offset_low = static_cast<uint16_t>(entry),
                     .selector = EBBRT_CODE_SELECTOR,
                     .stack = static_cast<uint8_t>(StackFor(vector)),
                     .type = kInterruptGate,
                     .offset_middle = static_cast<uint16_t>(entry >> 16),
                     .offset_high = static_cast<uint32_t>(entry >> 32),
                     .reserved = 0};
  }
}

void LoadInterruptTable() {
  struct [[gnu::packed]] {
    uint16_t limit;
    const Gate* base;
  } pointer = {sizeof(gates) - 1, gates};
  asm volatile("lidt %0" : : "m"(pointer));
}

uint8_t AllocateVector(InterruptKind kind, InterruptHandler handler,
                       void* context) {
  const bool is_level = kind == InterruptKind::kLevel;
  const uint32_t end =
      is_level ? EBBRT_FIRST_EDGE_INTERRUPT : EBBRT_TIMER_VECTOR;
  VectorUse* vectors = CurrentProcessor().vectors;
  for (uint32_t i =
           is_level ? EBBRT_FIRST_INTERRUPT : EBBRT_FIRST_EDGE_INTERRUPT;
       i < end; ++i) {
    if (vectors[i].handler == nullptr) {
      vectors[i] = {handler, context};
      return static_cast<uint8_t>(i);
    }
  }
  return 0;
}

void FreeVector(Processor& processor, uint8_t vector) {
  processor.vectors[vector] = {};
}

bool RunPendingInterrupt() {
  Processor& processor = CurrentProcessor();
  if (processor.pending_count == 0) return false;
  for (uint32_t word = 0; word < EBBRT_VECTORS / 64; ++word) {
    if (processor.pending_vectors[word] == 0) continue;
    const uint32_t vector =
        word * 64 + std::countr_zero(processor.pending_vectors[word]);
    processor.pending_vectors[word] &= processor.pending_vectors[word] - 1;
    --processor.pending_count;
    const VectorUse found = processor.vectors[vector];
    if (found.handler != nullptr) found.handler(found.context);
    // No other interrupt is in service: all others end where they are noted,
    // and of these the local APIC delivers one at a time.
    if (vector < EBBRT_FIRST_EDGE_INTERRUPT) EndInterrupt();
    return found.handler != nullptr;
  }
  return false;
}

void SetPageFaultHandler(PageFaultHandler handler) {
  // Release: pairs with the load of who has the fault.
  page_fault_handler.store(handler, std::memory_order_release);
}

}  // namespace ebbrt::platform::machine
