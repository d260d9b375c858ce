// SIGINT and SIGTERM ask the node to stop.
#include <atomic>
#include <csignal>
#include <cstdint>
#include <thread>

#include "core/base/check.h"
#include "platform/linux/core.h"
#include "platform/linux/linux.h"

namespace ebbrt::platform {
namespace internal {
namespace {

constexpr int kStopSignals[] = {SIGINT, SIGTERM};

struct StopHandler {
  void (*on_stop)(void* context) = nullptr;
  void* context = nullptr;
  // What the signals did before; meaningful while on_stop is set.
  struct sigaction usual_actions[2] = {};
};
// Of core 0, and of RunNode once the cores are gone.
constinit StopHandler stop_handler;

// Whom signals tell: core 0, from when it has a handler until it ends. They
// come on any thread, so that it has to wait for those that tell it just then.
// Sequentially consistent: either a signal sees that the core is gone, or the
// core sees the signal.
constinit std::atomic<Core*> told{nullptr};
constinit std::atomic<uint32_t> telling{0};

void HandleStopSignal(int signal) {
  // Whoever asks a second time is in earnest.
  struct sigaction kill = {};
  kill.sa_handler = SIG_DFL;
  sigaction(SIGINT, &kill, nullptr);
  telling.fetch_add(1);
  if (Core* core = told.load()) {
    // Relaxed: Wake and Wait order it.
    core->stop_requested.store(true, std::memory_order_relaxed);
    Linux::Wake(CoreId(0));
  }
  telling.fetch_sub(1);
}

}  // namespace

bool RunStopHandler(Core& core) {
  if (!core.stop_requested.load(std::memory_order_relaxed)) [[likely]] {
    return false;
  }
  core.stop_requested.store(false, std::memory_order_relaxed);
  if (stop_handler.on_stop == nullptr) return false;
  stop_handler.on_stop(stop_handler.context);
  return true;
}

void LeaveStopSignals() {
  told.store(nullptr);
  while (telling.load() != 0) std::this_thread::yield();
}

void ClearStopHandler() {
  if (stop_handler.on_stop == nullptr) return;
  for (int i = 0; i < 2; ++i) {
    sigaction(kStopSignals[i], &stop_handler.usual_actions[i], nullptr);
  }
  stop_handler.on_stop = nullptr;
}

}  // namespace internal

void Linux::SetStopHandler(void (*on_stop)(void* context),
                           void* context) noexcept {
  EBBRT_CHECK(CurrentCore() == CoreId(0));
  internal::StopHandler& handler = internal::stop_handler;
  if (on_stop == nullptr) {
    internal::ClearStopHandler();
    return;
  }
  bool installed = handler.on_stop != nullptr;
  handler.on_stop = on_stop;
  handler.context = context;
  if (installed) return;
  internal::told.store(internal::NodeCores());
  struct sigaction action = {};
  action.sa_handler = &internal::HandleStopSignal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < 2; ++i) {
    sigaction(internal::kStopSignals[i], &action, &handler.usual_actions[i]);
  }
}

}  // namespace ebbrt::platform
