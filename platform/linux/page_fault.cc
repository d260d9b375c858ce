// Page faults: SIGSEGV, where it is one.
#include <sys/mman.h>
#include <ucontext.h>

#include <atomic>
#include <cerrno>
#include <csignal>

#include "core/base/check.h"
#include "platform/linux/linux.h"
#include "platform/linux/signal_stack.h"

namespace ebbrt::platform {
namespace internal {
namespace {

// The bit of the processor's error code that says that there was a page, and
// what was forbidden was the kind of access.
// Source: AMD64 Architecture Programmer's Manual, volume 2, section 8.4.2.
constexpr greg_t kPagePresent = 1;

using PageFaultHandler = bool (*)(void* address);
constinit std::atomic<PageFaultHandler> page_fault_handler = nullptr;
// What SIGSEGV did before. Written before the handler is first installed.
struct sigaction usual_action;

// A range that is reserved and not committed is mapped without any access,
// and has no pages. (The guard pages of the C library's threads look the same:
// a handler knows which addresses are its own.)
bool MayBeReserved(const siginfo_t& info, const ucontext_t& context) {
  return info.si_code == SEGV_ACCERR &&
         (context.uc_mcontext.gregs[REG_ERR] & kPagePresent) == 0;
}

void HandleSegmentationFault(int signal, siginfo_t* info, void* context) {
  int saved_errno = errno;
  // Acquire: what the handler relies on has been written.
  PageFaultHandler handler = page_fault_handler.load(std::memory_order_acquire);
  if (handler != nullptr &&
      MayBeReserved(*info, *static_cast<ucontext_t*>(context)) &&
      handler(info->si_addr)) {
    errno = saved_errno;
    return;
  }
  // The access is made again and has its usual effect.
  sigaction(signal, &usual_action, nullptr);
}

}  // namespace

void SignalStack::Enter() {
  memory_ = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory_ == MAP_FAILED) {
    memory_ = nullptr;
    return;
  }
  const stack_t stack = {.ss_sp = memory_, .ss_flags = 0, .ss_size = kBytes};
  sigaltstack(&stack, nullptr);
}

void SignalStack::Leave() {
  if (memory_ == nullptr) return;
  const stack_t none = {.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
  sigaltstack(&none, nullptr);
  munmap(memory_, kBytes);
  memory_ = nullptr;
}

}  // namespace internal

void Linux::SetPageFaultHandler(bool (*on_fault)(void* address)) noexcept {
  static constinit std::atomic<bool> installed = false;
  // Release: pairs with the load in the signal's handler.
  internal::page_fault_handler.store(on_fault, std::memory_order_release);
  if (on_fault == nullptr || installed.exchange(true)) return;
  struct sigaction action = {};
  action.sa_sigaction = &internal::HandleSegmentationFault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGSEGV, nullptr, &internal::usual_action);
  EBBRT_CHECK(sigaction(SIGSEGV, &action, nullptr) == 0);
}

}  // namespace ebbrt::platform
