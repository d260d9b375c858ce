// What the platform keeps for one core.
//
// Cores: the core's own thread, but for what is marked as others'.
// Ownership: RunNode's.
#ifndef EBBRT_PLATFORM_LINUX_CORE_H_
#define EBBRT_PLATFORM_LINUX_CORE_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "core/base/types.h"
#include "platform/linux/kernel_events.h"
#include "platform/linux/signal_stack.h"
#include "platform/linux/translation_table.h"
#include "platform/wake_flag.h"

namespace ebbrt::platform::internal {

struct alignas(kNoSharingBytes) Core {
  CoreId id;
  uint32_t processor = 0;  // That the thread is pinned to.
  bool busy_poll = false;
  TranslationTable translation;
  SignalStack signal_stack;
  std::unique_ptr<KernelEvents> events;

  // Written by other threads.
  alignas(kNoSharingBytes) WakeFlag wake;
  // A signal asks the node to stop. Of core 0 only.
  std::atomic<bool> stop_requested{false};
};

// Runs the stop handler if a signal has asked for it (stop_signal.cc).
bool RunStopHandler(Core& core);
// Core 0 ends: signals do not tell it any more, nor is one about to.
void LeaveStopSignals();
// The node has ended: signals have their usual effect again.
void ClearStopHandler();

// The cores of the node that runs at present (node.cc).
Core* NodeCores();

}  // namespace ebbrt::platform::internal

#endif  // EBBRT_PLATFORM_LINUX_CORE_H_
