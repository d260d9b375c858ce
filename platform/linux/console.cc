// The console is standard output; entropy is the kernel's.
#include <poll.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>

#include "core/base/check.h"
#include "platform/linux/linux.h"

namespace ebbrt::platform {

void Linux::WriteConsole(std::string_view text) noexcept {
  // One after the other, as a long text may take several writes. The first is
  // of the whole, so that a pipe that other processes write to keeps what is
  // not over PIPE_BUF together.
  static constinit std::mutex writing;
  std::scoped_lock guard(writing);
  while (!text.empty()) {
    ssize_t written = write(STDOUT_FILENO, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      // Somebody has made it non-blocking.
      pollfd console = {.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
      poll(&console, 1, -1);
    } else if (errno != EINTR) {
      return;  // There is no console any more, and nobody to tell.
    }
  }
}

void Linux::FillEntropy(std::span<std::byte> bytes) noexcept {
  while (!bytes.empty()) {
    ssize_t filled = getrandom(bytes.data(), bytes.size(), 0);
    if (filled < 0) {
      EBBRT_CHECK(errno == EINTR);
      continue;
    }
    bytes = bytes.subspan(static_cast<size_t>(filled));
  }
}

}  // namespace ebbrt::platform
