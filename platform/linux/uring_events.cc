// KernelEvents over io_uring.
//
// The ring belongs to one thread (SINGLE_ISSUER), and the kernel completes
// nothing behind its back (DEFER_TASKRUN): completions appear while the core is
// in io_uring_enter, which it calls once a turn of the loop at most, and not
// at all if there is nothing to say and TASKRUN_FLAG shows nothing to fetch.
//
// Source: io_uring_setup(2), io_uring_enter(2).
#include <liburing.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/base/check.h"
#include "platform/linux/kernel_events.h"
#include "platform/linux/linux.h"

namespace ebbrt::platform::internal {
namespace {

// User data are either these, kNobody, or an Interrupt*, or a Watched* with the
// lowest bit set.
constexpr uint64_t kWakeUp = 2;
constexpr uint64_t kWatchedBit = 1;
constexpr uint64_t kUserDataMin = 4096;
static_assert(KernelEvents::kNobody < kUserDataMin);

// A descriptor that is watched. It is freed once the kernel has reported the
// end of the operation, which may be after its interrupt is gone.
struct Watched {
  Interrupt* interrupt;
  int descriptor;
  uint32_t events;
  Watched* next;
};

class UringEvents final : public KernelEvents {
 public:
  explicit UringEvents(int wake_descriptor) : KernelEvents(wake_descriptor) {}
  ~UringEvents() override {
    if (ready_) io_uring_queue_exit(&ring_);
    while (watched_ != nullptr) delete std::exchange(watched_, watched_->next);
  }

  // Zero or an errno.
  int Initialize() {
    io_uring_params parameters = {};
    parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                       IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_CQSIZE |
                       IORING_SETUP_CLAMP;
    parameters.cq_entries = kCompletions;
    int error =
        -io_uring_queue_init_params(kSubmissions, &ring_, &parameters);
    if (error != 0) return error;
    ready_ = true;
    if ((parameters.features & IORING_FEAT_EXT_ARG) == 0) return ENOSYS;
    // Saves a look-up of the descriptor a call; it works without, too.
    io_uring_register_ring_fd(&ring_);
    PrepareWatch(wake_descriptor(), EPOLLIN, kWakeUp);
    return std::max(-io_uring_submit(&ring_), 0);
  }

  void Poll() override {
    if (io_uring_sq_ready(&ring_) == 0 && !KernelHasMore()) return;
    Entered(io_uring_submit_and_get_events(&ring_));
  }

  void Sleep(Time deadline) override {
    io_uring_cqe* completion;
    if (deadline == kTimeNever) {
      Entered(io_uring_submit_and_wait(&ring_, 1));
      return;
    }
    Duration left = std::max(deadline - Linux::Now(), Duration(0));
    auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    __kernel_timespec timeout = {.tv_sec = seconds.count(),
                                 .tv_nsec = (left - seconds).count()};
    Entered(io_uring_submit_and_wait_timeout(&ring_, &completion, 1, &timeout,
                                             nullptr));
  }

  InterruptCounters counters() const override {
    return {ring_.cq.ktail, ring_.cq.khead};
  }

  bool RunInterrupt() override {
    const io_uring_cqe completion =
        ring_.cq.cqes[*ring_.cq.khead & ring_.cq.ring_mask];
    // The place is given back first: the handler may block.
    io_uring_cq_advance(&ring_, 1);
    if (completion.user_data < kUserDataMin) {
      RenewWakeUp(completion);
      return false;
    }
    if ((completion.user_data & kWatchedBit) != 0) {
      return ReportWatched(
          reinterpret_cast<Watched*>(completion.user_data & ~kWatchedBit),
          completion);
    }
    reinterpret_cast<Interrupt*>(completion.user_data)
        ->Run(completion.res, completion.flags);
    return true;
  }

  int Watch(int descriptor, uint32_t events, Interrupt& interrupt) override {
    watched_ = new Watched{&interrupt, descriptor, events, watched_};
    PrepareWatch(descriptor, events, UserData(watched_));
    return 0;
  }

  void Unwatch(int descriptor, Interrupt& interrupt) override {
    Watched* watched = watched_;
    while (watched->interrupt != &interrupt) watched = watched->next;
    watched->interrupt = nullptr;
    io_uring_sqe* entry = NextEntry();
    io_uring_prep_poll_remove(entry, UserData(watched));
    entry->user_data = kNobody;
  }

  io_uring* ring() override { return &ring_; }
  void Submit() override { Entered(io_uring_submit(&ring_)); }
  std::string_view name() const override { return "io_uring"; }

 private:
  // What a turn of the loop may ask for before it has to enter the kernel in
  // the middle, and what may be reported before the kernel has to keep some.
  static constexpr unsigned kSubmissions = 512;
  static constexpr unsigned kCompletions = 8192;

  static uint64_t UserData(Watched* watched) {
    return reinterpret_cast<uint64_t>(watched) | kWatchedBit;
  }

  bool KernelHasMore() const {
    // Relaxed: a flag set right now is seen in the next turn, or by Sleep.
    return (__atomic_load_n(ring_.sq.kflags, __ATOMIC_RELAXED) &
            (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
  }

  static void Entered(int result) {
    // These say: look at the completions, and try again.
    EBBRT_CHECK(result >= 0 || result == -EINTR || result == -EAGAIN ||
                result == -EBUSY || result == -ETIME || result == -ENOMEM);
  }

  io_uring_sqe* NextEntry() {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    while (entry == nullptr) {
      Submit();
      entry = io_uring_get_sqe(&ring_);
    }
    return entry;
  }

  void PrepareWatch(int descriptor, uint32_t events, uint64_t user_data) {
    io_uring_sqe* entry = NextEntry();
    io_uring_prep_poll_multishot(entry, descriptor, events | EPOLLET);
    entry->user_data = user_data;
  }

  void RenewWakeUp(const io_uring_cqe& completion) {
    if (completion.user_data == kWakeUp &&
        (completion.flags & IORING_CQE_F_MORE) == 0) {
      PrepareWatch(wake_descriptor(), EPOLLIN, kWakeUp);
    }
  }

  bool ReportWatched(Watched* watched, const io_uring_cqe& completion) {
    Interrupt* interrupt = watched->interrupt;
    bool more = (completion.flags & IORING_CQE_F_MORE) != 0;
    if (!more && interrupt == nullptr) Forget(watched);
    if (interrupt == nullptr) return false;
    if (!more && completion.res >= 0) {
      // The kernel may end the operation with any report.
      PrepareWatch(watched->descriptor, watched->events, UserData(watched));
    }
    interrupt->Run(completion.res >= 0 ? completion.res : int{EPOLLERR}, 0);
    return true;
  }

  void Forget(Watched* watched) {
    Watched** link = &watched_;
    while (*link != watched) link = &(*link)->next;
    *link = watched->next;
    delete watched;
  }

  io_uring ring_;
  bool ready_ = false;
  Watched* watched_ = nullptr;
};

}  // namespace

std::unique_ptr<KernelEvents> MakeUringEvents() {
  int wake_descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_descriptor < 0) return nullptr;
  auto events = std::make_unique<UringEvents>(wake_descriptor);
  int error = events->Initialize();
  if (error != 0) {
    events.reset();
    errno = error;
  }
  return events;
}

}  // namespace ebbrt::platform::internal
