// Whether a core sleeps, and whether somebody wants it awake.
//
//              Set                BeginSleep
//   kWoken <--------- kAwake -----------------> kAsleep
//      ^                                            |
//      +------------------- Set --------------------+   (and wakes it)
//
// Of all that call Set while the owner sleeps only the first is told to wake
// it; while the owner is awake nobody is.
//
// Cores: the owner's methods on its core, Set on any thread, also from a
// signal handler. Blocks, allocates: never.
#ifndef EBBRT_PLATFORM_WAKE_FLAG_H_
#define EBBRT_PLATFORM_WAKE_FLAG_H_

#include <atomic>
#include <cstdint>

namespace ebbrt::platform::internal {

class WakeFlag {
 public:
  // Asks for the owner's attention. True: it sleeps, and the caller wakes
  // it.
  bool Set() {
    // Release: what the caller wrote before is seen by the owner's Take.
    // Always a read-modify-write: merely finding kWoken would not do that.
    return state_.exchange(State::kWoken, std::memory_order_acq_rel) ==
           State::kAsleep;
  }

  // Owner: takes what has been asked for so far; whether there was anything.
  bool Take() {
    // Cheap where nobody has asked; one who asks right now is taken next time.
    if (state_.load(std::memory_order_relaxed) == State::kAwake) return false;
    return state_.exchange(State::kAwake, std::memory_order_acq_rel) ==
           State::kWoken;
  }

  // Owner: about to sleep. False: somebody has asked since the last
  // Take, do not.
  [[nodiscard]] bool BeginSleep() {
    State awake = State::kAwake;
    return state_.compare_exchange_strong(awake, State::kAsleep,
                                          std::memory_order_acq_rel,
                                          std::memory_order_acquire);
  }

 private:
  enum class State : uint32_t { kAwake, kAsleep, kWoken };
  std::atomic<State> state_{State::kAwake};
};

}  // namespace ebbrt::platform::internal

#endif  // EBBRT_PLATFORM_WAKE_FLAG_H_
