#include "platform/linux/kernel_events.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace ebbrt::platform::internal {

KernelEvents::~KernelEvents() { close(wake_descriptor_); }

void KernelEvents::WakeUp() noexcept {
  int saved_errno = errno;
  // The counter is never read: it is watched for edges, and each write is one.
  // It would take 2^64 writes to fill it.
  uint64_t one = 1;
  ssize_t written = write(wake_descriptor_, &one, sizeof(one));
  static_cast<void>(written);
  errno = saved_errno;
}

std::unique_ptr<KernelEvents> MakeKernelEvents() {
  const char* wanted = std::getenv("EBBRT_LINUX_EVENTS");
  std::string_view name = wanted == nullptr ? "" : wanted;
  if (name == "epoll") return MakeEpollEvents();
  std::unique_ptr<KernelEvents> events = MakeUringEvents();
  if (events != nullptr || name == "io_uring") return events;
  return MakeEpollEvents();
}

}  // namespace ebbrt::platform::internal
