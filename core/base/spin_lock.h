// A lock that waits by spinning, for sections of a few instructions.
//
// Events are not preempted, so a holder always runs on and the wait is as
// short as the section. It never covers a callback, an allocation from the
// operating system or anything that blocks.
//
// Cores: any, any thread. Blocks: for the section of another core.
// Allocates: no. Errors: locking it twice on one core hangs.
#ifndef EBBRT_CORE_BASE_SPIN_LOCK_H_
#define EBBRT_CORE_BASE_SPIN_LOCK_H_

#include <atomic>

namespace ebbrt {

// Models Lockable: use it with std::scoped_lock.
class SpinLock {
 public:
  SpinLock() = default;
  SpinLock(const SpinLock&) = delete;
  SpinLock& operator=(const SpinLock&) = delete;

  void lock() {
    // Acquire: what the last holder wrote is seen.
    while (locked_.exchange(true, std::memory_order_acquire)) {
      // Waiting on a plain load leaves the line with the holder.
      while (locked_.load(std::memory_order_relaxed)) __builtin_ia32_pause();
    }
  }
  bool try_lock() { return !locked_.exchange(true, std::memory_order_acquire); }
  // A hint, unless the caller holds it or nobody else can.
  bool is_locked() const { return locked_.load(std::memory_order_relaxed); }
  void unlock() { locked_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> locked_{false};
};

}  // namespace ebbrt

#endif  // EBBRT_CORE_BASE_SPIN_LOCK_H_
