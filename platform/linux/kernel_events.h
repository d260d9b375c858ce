// A core's way of learning from the kernel what has happened, and of sleeping
// until something does.
//
// There are two: over io_uring (uring_events.h), and over epoll
// (epoll_events.h) for kernels that lack what the first needs. README.md has
// the figures by which the first is preferred.
//
// Cores: made and used on its core's thread; only WakeUp is for any thread.
// Ownership: the core's. Blocks: only Sleep. Allocates: a record a Watch.
// Errors: making one fails with an errno.
#ifndef EBBRT_PLATFORM_LINUX_KERNEL_EVENTS_H_
#define EBBRT_PLATFORM_LINUX_KERNEL_EVENTS_H_

#include <cstdint>
#include <memory>
#include <string_view>

#include "core/base/types.h"
#include "platform/linux/interrupt.h"
#include "platform/linux/thread_state.h"

struct io_uring;

namespace ebbrt::platform::internal {

class KernelEvents {
 public:
  virtual ~KernelEvents();
  KernelEvents(const KernelEvents&) = delete;
  KernelEvents& operator=(const KernelEvents&) = delete;

  // Tells the kernel what is to be told and fetches what it has to report,
  // without waiting.
  virtual void Poll() = 0;
  // The same, and waits until there is something, WakeUp is called, or
  // `deadline` has passed; may return early.
  virtual void Sleep(Time deadline) = 0;

  // An interrupt is pending if these differ.
  virtual InterruptCounters counters() const = 0;
  // Takes the oldest report and runs its handler; false if it was nobody's (a
  // wake-up, say). REQUIRES: one is pending.
  virtual bool RunInterrupt() = 0;

  // Has `interrupt` run whenever one of `events` (EPOLLIN, EPOLLOUT ...)
  // newly holds of the descriptor: edge-triggered. Zero or an errno.
  virtual int Watch(int descriptor, uint32_t events, Interrupt& interrupt) = 0;
  // Ends that; the interrupt runs no more. REQUIRES: it is being watched.
  virtual void Unwatch(int descriptor, Interrupt& interrupt) = 0;

  // The ring, for operations whose user data is an Interrupt* (or kNobody);
  // they are handed to the kernel by the next Poll or Sleep. Null if there is
  // none.
  static constexpr uint64_t kNobody = 4;
  virtual io_uring* ring() { return nullptr; }
  // Hands them over now.
  virtual void Submit() {}
  virtual std::string_view name() const = 0;

  // Gets the core out of Sleep. Any thread; also from a signal handler.
  void WakeUp() noexcept;

 protected:
  // Takes over an eventfd, which WakeUp writes to.
  explicit KernelEvents(int wake_descriptor)
      : wake_descriptor_(wake_descriptor) {}
  int wake_descriptor() const { return wake_descriptor_; }

 private:
  const int wake_descriptor_;
};

// The preferred kind that this kernel offers, for the calling thread; or the
// one that EBBRT_LINUX_EVENTS names in the environment ("io_uring", "epoll").
// Null with errno set where there is none.
std::unique_ptr<KernelEvents> MakeKernelEvents();

// Null, with errno set, where the kernel does not have it.
std::unique_ptr<KernelEvents> MakeEpollEvents();
std::unique_ptr<KernelEvents> MakeUringEvents();

// Those of the calling core. REQUIRES: the caller is a core.
KernelEvents& CurrentKernelEvents();

}  // namespace ebbrt::platform::internal

#endif  // EBBRT_PLATFORM_LINUX_KERNEL_EVENTS_H_
