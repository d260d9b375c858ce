#include "platform/baremetal/cpu/application_processors.h"

#include <atomic>

#include "platform/baremetal/clock.h"
#include "platform/baremetal/console.h"
#include "platform/baremetal/cpu/instructions.h"
#include "platform/baremetal/cpu/local_apic.h"
#include "platform/baremetal/cpu/processor.h"
#include "platform/baremetal/libc/system_calls.h"
#include "platform/baremetal/machine_check.h"
#include "platform/baremetal/memory/address_space.h"

namespace ebbrt::platform::machine {
namespace {

constexpr int64_t kAfterInitNs = 10 * 1000 * 1000;
// A second start-up message is for processors that have missed the first.
constexpr int64_t kSecondTryNs = 1 * 1000 * 1000;
constexpr int kTries = 3;
// Long, for virtual processors that wait for a real one.
constexpr int64_t kStartTimeoutNs = 1000 * 1000 * 1000;

}  // namespace

// The start under way. Who changes kWanted first decides: the processor that
// comes up (entry.S), or the boot processor, which gives it up.
enum class Start : uint32_t {
  kDone,
  kWanted = EBBRT_START_WANTED,
  kTaken = EBBRT_START_TAKEN,
  kGivenUp,
};

extern "C" {
constinit std::atomic<Start> processor_start{Start::kDone};
}

namespace {

// The index of the processor that is wanted. Written before kWanted.
constinit std::atomic<uint32_t> starting_index{0};

bool AwaitStart(int64_t ns) {
  const int64_t deadline_ns = NowNs() + ns;
  // Acquire: what it has set up is seen.
  while (processor_start.load(std::memory_order_acquire) != Start::kDone) {
    if (NowNs() >= deadline_ns) return false;
    Pause();
  }
  return true;
}

}  // namespace

extern "C" {
extern const char trampoline_begin[];
extern const char trampoline_end[];
extern const char trampoline_page_table[];
extern const char trampoline_stack[];

// Where an application processor arrives, on its own stack.
[[noreturn]] void ProcessorMain() {
  const uint32_t index = starting_index.load(std::memory_order_relaxed);
  EnterProcessor(index);
  EnableLocalApic();
  Processor& processor = CurrentProcessor();
  processor.state.store(Processor::State::kIdle, std::memory_order_relaxed);
  // From now on it is told when to forget translations.
  processor_count.store(index + 1, std::memory_order_release);
  processor_start.store(Start::kDone, std::memory_order_release);
  CallOnStack(processor.system_stack, AwaitThread);
}
}

namespace {

// A variable of the trampoline, where it was copied to.
uint64_t& Variable(const char* name) {
  return *reinterpret_cast<uint64_t*>(EBBRT_TRAMPOLINE +
                                      (name - trampoline_begin));
}

bool StartProcessor(uint32_t index, uint32_t apic_id) {
  if (!PrepareProcessor(index)) return false;
  Variable(trampoline_stack) = StackTop(index, StackUse::kSystemCall);
  starting_index.store(index, std::memory_order_relaxed);
  processor_start.store(Start::kWanted, std::memory_order_release);
  for (int i = 0; i < kTries; ++i) {
    SendStartup(apic_id, EBBRT_TRAMPOLINE);
    if (AwaitStart(kSecondTryNs)) return true;
  }
  if (AwaitStart(kStartTimeoutNs)) return true;
  Start wanted = Start::kWanted;
  if (processor_start.compare_exchange_strong(wanted, Start::kGivenUp)) {
    return false;
  }
  // It is on its way, and needs nobody for the rest of it.
  while (processor_start.load(std::memory_order_acquire) != Start::kDone) {
    Pause();
  }
  return true;
}

}  // namespace

void StartProcessors(const uint32_t* apic_ids, size_t count) {
  const uint32_t self = CurrentProcessor().apic_id;
  bool others = false;
  for (size_t i = 0; i < count; ++i) {
    if (apic_ids[i] == self) continue;
    if (!others) {
      CopyBytes(reinterpret_cast<void*>(EBBRT_TRAMPOLINE), trampoline_begin,
                static_cast<size_t>(trampoline_end - trampoline_begin));
      MACHINE_CHECK(address_space.root() >> 32 == 0,
                    "the page table is not below 4 GiB");
      Variable(trampoline_page_table) = address_space.root();
    }
    others = true;
    SendInit(apic_ids[i]);
  }
  if (!others) return;
  SpinFor(kAfterInitNs);
  uint32_t index = 1;
  for (size_t i = 0; i < count && index < kProcessorsMax; ++i) {
    if (apic_ids[i] == self) continue;
    if (StartProcessor(index, apic_ids[i])) {
      ++index;
    } else {
      ConsoleWriter()
          .Text("the processor with APIC id ")
          .Decimal(apic_ids[i])
          .Text(" has not come up: going on without it\n");
      // Were it to come up later still, it would take another one's place, or
      // halt.
    }
  }
}

}  // namespace ebbrt::platform::machine
