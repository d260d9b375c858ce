#include "platform/baremetal/cpu/wake.h"

#include <limits>

#include "platform/baremetal/clock.h"
#include "platform/baremetal/cpu/instructions.h"
#include "platform/baremetal/cpu/layout.h"
#include "platform/baremetal/cpu/local_apic.h"
#include "platform/baremetal/cpu/shootdown.h"

namespace ebbrt::platform::machine {
extern "C" void HaltInterruptibly();

void HaltUntilInterrupt() {
  ForgetsLater forgets_later;
  HaltInterruptibly();
}

void WakeProcessor(const Processor& processor) {
  SendInterrupt(processor.apic_id, EBBRT_WAKE_VECTOR);
}

bool HaltUntil(const std::atomic<bool>& flag, int64_t deadline_ns) {
  const bool has_deadline =
      deadline_ns != std::numeric_limits<int64_t>::max();
  // Acquire: what was written before the flag is seen.
  while (!flag.load(std::memory_order_acquire)) {
    if (has_deadline) {
      if (NowNs() >= deadline_ns) return false;
      ArmTimer(deadline_ns);
    }
    HaltUntilInterrupt();
  }
  return true;
}

}  // namespace ebbrt::platform::machine
