#include "platform/baremetal/cpu/processor.h"

#include "platform/baremetal/cpu/instructions.h"
#include "platform/baremetal/cpu/interrupts.h"
#include "platform/baremetal/memory/address_space.h"

namespace ebbrt::platform::machine {

constinit std::atomic<uint32_t> processor_count{0};

namespace {

// CPUID leaf 1, register c.
constexpr uint32_t kHasXsave = 1u << 26;
// Leaf 7, register b.
constexpr uint32_t kHasFsGsBase = 1u << 0;

constexpr uint64_t kCr4FsGsBase = 1u << 16;
constexpr uint64_t kCr4Xsave = 1u << 18;

// What XCR0 may be given together: x87 and SSE, AVX, AVX-512.
constexpr uint32_t kSseState = 0x3;
constexpr uint32_t kAvxState = 0x4;
constexpr uint32_t kAvx512State = 0xe0;

constexpr uint64_t kCodeSegment = 0x00af9a000000ffff;
constexpr uint64_t kDataSegment = 0x00cf92000000ffff;

// A pointer for lgdt and lidt.
struct [[gnu::packed]] TablePointer {
  uint16_t limit;
  uint64_t base;
};

void LoadSegments(Processor& processor) {
  const auto task = reinterpret_cast<uint64_t>(&processor.task);
  constexpr uint64_t kAvailableTask = uint64_t{0x89} << 40;
  processor.segments[EBBRT_CODE_SELECTOR / 8] = kCodeSegment;
  processor.segments[EBBRT_DATA_SELECTOR / 8] = kDataSegment;
  processor.segments[EBBRT_TASK_SELECTOR / 8] =
      (sizeof(TaskState) - 1) | (task & 0xffffff) << 16 | kAvailableTask |
      (task >> 24 & 0xff) << 56;
  processor.segments[EBBRT_TASK_SELECTOR / 8 + 1] = task >> 32;
  TablePointer pointer = {sizeof(processor.segments) - 1,
                          reinterpret_cast<uint64_t>(processor.segments)};
  asm volatile("lgdt %0" : : "m"(pointer));
  asm volatile("ltr %w0" : : "r"(EBBRT_TASK_SELECTOR));
}

constinit bool has_avx = false;

void EnableVectorRegisters() {
  constexpr uint32_t kMxcsr = 0x1f80;  // All exceptions masked.
  asm volatile("fninit; ldmxcsr %0" : : "m"(kMxcsr));
  if ((Cpuid(1).c & kHasXsave) == 0) return;
  WriteCr4(ReadCr4() | kCr4Xsave);
  const uint32_t possible = Cpuid(0xd).a;
  uint32_t enabled = possible & (kSseState | kAvxState);
  if ((possible & kAvx512State) == kAvx512State &&
      (enabled & kAvxState) != 0) {
    enabled |= kAvx512State;
  }
  asm volatile("xsetbv" : : "a"(enabled), "d"(0), "c"(0));
  has_avx = (enabled & kAvxState) != 0;
}

}  // namespace

extern "C" void EnterSystemCall();

bool HasAvx() { return has_avx; }

bool PrepareProcessor(uint32_t index) {
  auto commit = [](uint64_t address, uint64_t bytes, ClearPages clear) {
    return address_space.ReserveAt(address, bytes, kReserved) &&
           address_space.Commit(address, bytes, 0, clear);
  };
  // A stack is written before it is read.
  auto leave = [](void*, size_t) {};
  bool ready = true;
  for (auto use = StackUse::kSystemCall; use < StackUse::kEnd;
       use = static_cast<StackUse>(static_cast<uint32_t>(use) + 1)) {
    ready = ready && commit(StackTop(index, use) - kRuntimeStackBytes,
                            kRuntimeStackBytes, leave);
  }
  const uint64_t table = TranslationOf(index);
  ready = ready && commit(table + EBBRT_PROCESSOR, -EBBRT_PROCESSOR,
                          ClearWords) &&
          ResetTranslation(index);
  if (!ready) return false;

  Processor& processor = ProcessorAt(index);
  processor.self = &processor;
  processor.index = index;
  processor.system_stack = StackTop(index, StackUse::kSystemCall);
  auto set_stack = [&](InterruptStack number, StackUse use) {
    const uint64_t top = StackTop(index, use);
    const auto place = 2 * (static_cast<uint32_t>(number) - 1);
    processor.task.interrupt_stacks[place] = static_cast<uint32_t>(top);
    processor.task.interrupt_stacks[place + 1] =
        static_cast<uint32_t>(top >> 32);
  };
  set_stack(InterruptStack::kInterrupt, StackUse::kInterrupt);
  set_stack(InterruptStack::kException, StackUse::kException);
  set_stack(InterruptStack::kDoubleFault, StackUse::kDoubleFault);
  set_stack(InterruptStack::kNmi, StackUse::kNmi);
  processor.task.io_map = sizeof(TaskState);
  return true;
}

bool ResetTranslation(uint32_t index) {
  const uint64_t table = TranslationOf(index);
  return address_space.ReserveAt(table, kSlotBytes / 2, kTranslation) &&
         address_space.CommitTranslation(table);
}

void EnterProcessor(uint32_t index) {
  Processor& processor = ProcessorAt(index);
  LoadSegments(processor);
  LoadInterruptTable();
  WriteMsr(Msr::kGsBase, TranslationOf(index));
  if ((Cpuid(7).b & kHasFsGsBase) != 0) WriteCr4(ReadCr4() | kCr4FsGsBase);
  EnableVectorRegisters();
  // A system call comes from where it goes: ring 0. It arrives with interrupts
  // off and the direction flag clear.
  constexpr uint64_t kFlagsCleared = 0x47700;
  WriteMsr(Msr::kStar, uint64_t{EBBRT_CODE_SELECTOR} << 32);
  WriteMsr(Msr::kLstar, reinterpret_cast<uint64_t>(&EnterSystemCall));
  WriteMsr(Msr::kSfmask, kFlagsCleared);
}

}  // namespace ebbrt::platform::machine
