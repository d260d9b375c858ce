// Processor: what the runtime keeps for one processor of the machine, and where
// that is found.
//
//   slot (address_space.h)
//     n * 64 KiB   stacks, each with addresses that are nobody's below it
//     32 GiB - 8 KiB   the Processor
//   %gs -> 32 GiB      the table of representatives
//
// A processor that runs no thread waits for one; a thread stays on the
// processor that it began on, for there is no scheduler.
//
// Cores: each its own, but for what is marked as others'.
// Ownership: the machine's, for ever. Blocks: no.
#ifndef EBBRT_PLATFORM_BAREMETAL_CPU_PROCESSOR_H_
#define EBBRT_PLATFORM_BAREMETAL_CPU_PROCESSOR_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/base/types.h"
#include "platform/baremetal/cpu/layout.h"
#include "platform/baremetal/memory/address_space.h"

namespace ebbrt::platform::machine {

inline constexpr uint32_t kProcessorsMax = 256;

// The general registers of a thread that has entered the runtime by a system
// call; system_call.S pushes them.
struct ThreadFrame {
  uint64_t r15, r14, r13, r12, rbp, rbx, r10, r9, r8, rdx, rsi, rdi;
  uint64_t rax;  // The call's number, then its result.
  uint64_t rip, rflags, rsp;
};

// Called in the loop's window on the core whose vector came.
using InterruptHandler = void (*)(void* context);

struct VectorUse {
  InterruptHandler handler;  // Null: nobody's.
  void* context;
};

struct TaskState {  // AMD64 APM volume 2, section 12.2.5.
  uint32_t reserved0;
  uint32_t rsp[6];
  uint32_t reserved1[2];
  uint32_t interrupt_stacks[14];
  uint32_t reserved2[2];
  uint16_t reserved3;
  uint16_t io_map;
};

struct alignas(kNoSharingBytes) Processor {
  enum class State : uint32_t { kAbsent, kIdle, kStarting, kRunning };

  // Assembly knows the first ones (layout.h).
  Processor* self;
  uint64_t system_stack;
  uint64_t saved_rsp;
  // How many vectors below are set.
  uint64_t pending_count;
  // Where the end of an interrupt is told: an address of the local APIC, or 0
  // where it is told by a model-specific register.
  uint64_t eoi_register;
  alignas(64) uint64_t pending_vectors[EBBRT_VECTORS / 64];

  uint32_t index;
  uint32_t apic_id;
  uint32_t numa_node;
  uint32_t thread_id;
  // Set to zero, and waited for, when the thread ends.
  uint32_t* clear_at_exit;
  // The core that runs here, or null.
  void* core;
  CoreId core_id;
  uint64_t system_call_count;
  TaskState task;
  uint64_t segments[6];
  VectorUse vectors[EBBRT_VECTORS];

  // Written by others, and by the processor itself.
  alignas(kNoSharingBytes) std::atomic<State> state;
  ThreadFrame start;
  uint64_t start_fs_base;
  // The word that the thread waits for to change (futex.cc), or null.
  const uint32_t* waits_for;
  std::atomic<bool> may_go_on;
};
static_assert(offsetof(Processor, self) ==
              EBBRT_PROCESSOR_SELF - EBBRT_PROCESSOR);
static_assert(offsetof(Processor, system_stack) ==
              EBBRT_PROCESSOR_SYSTEM_STACK - EBBRT_PROCESSOR);
static_assert(offsetof(Processor, saved_rsp) ==
              EBBRT_PROCESSOR_SAVED_RSP - EBBRT_PROCESSOR);
static_assert(offsetof(Processor, pending_count) ==
              EBBRT_PROCESSOR_PENDING - EBBRT_PROCESSOR);
static_assert(offsetof(Processor, eoi_register) ==
              EBBRT_PROCESSOR_EOI_REGISTER - EBBRT_PROCESSOR);
static_assert(offsetof(Processor, pending_vectors) ==
              EBBRT_PROCESSOR_PENDING_VECTORS - EBBRT_PROCESSOR);
static_assert(sizeof(Processor) <= -EBBRT_PROCESSOR);

inline uint64_t TranslationOf(uint32_t index) {
  return kSlotsBegin + index * kSlotBytes + kSlotBytes / 2;
}
inline Processor& ProcessorAt(uint32_t index) {
  return *reinterpret_cast<Processor*>(TranslationOf(index) + EBBRT_PROCESSOR);
}

// The one that runs this.
inline Processor& CurrentProcessor() {
  Processor* self;
  // Volatile, as a fiber never moves but a compiler may not know.
  asm volatile("movq %%gs:%c1, %0" : "=r"(self) : "i"(EBBRT_PROCESSOR_SELF));
  return *self;
}

// Whether a vector is noted (interrupts.h): one instruction and a branch.
inline bool HasPendingInterrupt() {
  bool none;
  asm volatile("cmpq $0, %%gs:%c1"
               : "=@cce"(none)
               : "i"(EBBRT_PROCESSOR_PENDING)
               : "memory");
  return !none;
}
// Runs the handler of one that is noted on this core; false if none is.
bool RunPendingInterrupt();

// How many there are, counted from 0; those that have come up.
extern constinit std::atomic<uint32_t> processor_count;

// The stacks of a processor, by their place in its slot.
enum class StackUse : uint32_t {
  kSystemCall = 1,
  kInterrupt,
  kException,
  kDoubleFault,
  kNmi,
  kEnd,
};
inline constexpr uint64_t kStackDistance = 64 * 1024;
inline constexpr uint64_t kRuntimeStackBytes = 16 * 1024;
// The top of one.
inline uint64_t StackTop(uint32_t index, StackUse use) {
  return kSlotsBegin + index * kSlotBytes +
         (static_cast<uint64_t>(use) + 1) * kStackDistance;
}

// Makes a slot ready: stacks, the Processor, the first page of its table.
// False where memory is refused. On any processor.
bool PrepareProcessor(uint32_t index);
// Whether all processors have AVX's registers enabled.
bool HasAvx();
// Makes the table of representatives read as null.
bool ResetTranslation(uint32_t index);
// Makes the processor that runs this the one of a prepared slot: segments,
// interrupts, vector registers, system calls.
void EnterProcessor(uint32_t index);

}  // namespace ebbrt::platform::machine

#endif  // EBBRT_PLATFORM_BAREMETAL_CPU_PROCESSOR_H_
