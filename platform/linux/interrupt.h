// Interrupts of the Linux platform: how what the kernel reports to a core
// reaches a device's code.
//
// A device (the kernel network, say) derives from Interrupt and has a core's
// KernelEvents report to it. Handlers run in the loop's interrupt window, each
// as an event of its own, and may block as any event may.
//
// Cores: an interrupt belongs to the core whose KernelEvents it was given to.
// Ownership: the device's; it outlives what was asked for. Blocks, allocates:
// as the handler does.
#ifndef EBBRT_PLATFORM_LINUX_INTERRUPT_H_
#define EBBRT_PLATFORM_LINUX_INTERRUPT_H_

#include <cstdint>

namespace ebbrt::platform::internal {

class Interrupt {
 public:
  // For a watched descriptor `result` has its poll events (EPOLLIN ...) and
  // `flags` is zero; for an operation of io_uring they are its completion's.
  using Handler = void (*)(Interrupt& self, int32_t result, uint32_t flags);

  explicit Interrupt(Handler handler) : handler_(handler) {}
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  void Run(int32_t result, uint32_t flags) { handler_(*this, result, flags); }

 protected:
  ~Interrupt() = default;

 private:
  const Handler handler_;
};

}  // namespace ebbrt::platform::internal

#endif  // EBBRT_PLATFORM_LINUX_INTERRUPT_H_
