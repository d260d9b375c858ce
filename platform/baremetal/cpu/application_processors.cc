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
constexpr int64_t kStartTimeoutNs = 100 * 1000 * 1000;

// The one that is being started: from the boot processor to it, and back.
constinit std::atomic<uint32_t> starting_index{0};
constinit std::atomic<bool> has_come_up{false};

bool AwaitStart(int64_t ns) {
  const int64_t deadline_ns = NowNs() + ns;
  while (!has_come_up.load(std::memory_order_acquire)) {
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
  const uint32_t index = starting_index.load(std::memory_order_acquire);
  EnterProcessor(index);
  EnableLocalApic();
  Processor& processor = CurrentProcessor();
  processor.state.store(Processor::State::kIdle, std::memory_order_relaxed);
  // From now on it is told when to forget translations.
  processor_count.store(index + 1, std::memory_order_release);
  has_come_up.store(true, std::memory_order_release);
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
  has_come_up.store(false, std::memory_order_release);
  for (int i = 0; i < kTries; ++i) {
    SendStartup(apic_id, EBBRT_TRAMPOLINE);
    if (AwaitStart(kSecondTryNs)) return true;
  }
  return AwaitStart(kStartTimeoutNs);
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
      // Were it to come up yet, it would find a slot in use.
      SendInit(apic_ids[i]);
    }
  }
}

}  // namespace ebbrt::platform::machine
