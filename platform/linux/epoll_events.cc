// KernelEvents over epoll: for kernels without the io_uring that we need.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <ctime>

#include "platform/linux/kernel_events.h"
#include "platform/linux/linux.h"

namespace ebbrt::platform::internal {
namespace {

class EpollEvents final : public KernelEvents {
 public:
  EpollEvents(int epoll, int wake_descriptor)
      : KernelEvents(wake_descriptor), epoll_(epoll) {}
  ~EpollEvents() override { close(epoll_); }

  void Poll() override {
    const timespec now = {};
    Collect(&now);
  }

  void Sleep(Time deadline) override {
    if (deadline == kTimeNever) {
      Collect(nullptr);
      return;
    }
    Duration left = std::max(deadline - Linux::Now(), Duration(0));
    auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec timeout = {.tv_sec = seconds.count(),
                              .tv_nsec = (left - seconds).count()};
    Collect(&timeout);
  }

  InterruptCounters counters() const override { return {&posted_, &taken_}; }

  bool RunInterrupt() override {
    const epoll_event event = ready_[taken_++];
    // Null: it is no longer watched.
    auto* interrupt = static_cast<Interrupt*>(event.data.ptr);
    if (interrupt == nullptr) return false;
    interrupt->Run(static_cast<int32_t>(event.events), 0);
    return true;
  }

  int Watch(int descriptor, uint32_t events, Interrupt& interrupt) override {
    return Add(descriptor, events, &interrupt) ? 0 : errno;
  }

  void Unwatch(int descriptor, Interrupt& interrupt) override {
    epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
    // It may already have been reported.
    for (uint32_t i = taken_; i != posted_; ++i) {
      if (ready_[i].data.ptr == &interrupt) ready_[i].data.ptr = nullptr;
    }
  }

  std::string_view name() const override { return "epoll"; }

  bool Add(int descriptor, uint32_t events, Interrupt* interrupt) {
    epoll_event event = {.events = events | EPOLLET,
                         .data = {.ptr = interrupt}};
    return epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) == 0;
  }

 private:
  // As many interrupts are fetched at once; the kernel keeps the others.
  static constexpr int kReadyMax = 64;

  void Collect(const timespec* timeout) {
    // What was fetched before is served first: its place is needed.
    if (posted_ != taken_) return;
    int count = epoll_pwait2(epoll_, ready_, kReadyMax, timeout, nullptr);
    if (count < 0 && errno == ENOSYS) {
      count = epoll_wait(epoll_, ready_, kReadyMax, Milliseconds(timeout));
    }
    taken_ = 0;
    posted_ = static_cast<uint32_t>(std::max(count, 0));
    // Wake-ups are no interrupts.
    epoll_event* end = std::remove_if(
        ready_, ready_ + posted_,
        [](const epoll_event& event) { return event.data.ptr == nullptr; });
    posted_ = static_cast<uint32_t>(end - ready_);
  }

  // For kernels before 5.11; rounded up, as a timer must not be early.
  static int Milliseconds(const timespec* timeout) {
    if (timeout == nullptr) return -1;
    constexpr int64_t kNanosecondsPerMillisecond = 1000000;
    int64_t milliseconds =
        timeout->tv_sec * 1000 +
        (timeout->tv_nsec + kNanosecondsPerMillisecond - 1) /
            kNanosecondsPerMillisecond;
    return static_cast<int>(std::min<int64_t>(milliseconds, INT_MAX));
  }

  const int epoll_;
  uint32_t posted_ = 0;
  uint32_t taken_ = 0;
  epoll_event ready_[kReadyMax];  // [taken_, posted_) is still to be served.
};

}  // namespace

std::unique_ptr<KernelEvents> MakeEpollEvents() {
  int wake_descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_descriptor < 0) return nullptr;
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) {
    close(wake_descriptor);
    return nullptr;
  }
  auto events = std::make_unique<EpollEvents>(epoll, wake_descriptor);
  if (!events->Add(wake_descriptor, EPOLLIN, nullptr)) return nullptr;
  return events;
}

}  // namespace ebbrt::platform::internal
