// Timers: a function that runs as an event once a point in time has passed.
//
// The timers of a core stand in a pairing heap whose links are in the timers,
// so that setting one allocates nothing and cannot fail; deadlines are exact
// to the clock, and equal ones fire in the order in which they were set.
//
// Cores: a timer belongs to the core that sets it, until it fires or is
// cancelled. Ownership: the caller's; destroying one cancels it. Its function
// may set, cancel or destroy it; one that blocks must have returned before the
// timer fires again. Blocks, allocates: never (but for the
// function, as UniqueFunction). Units: Time, core/base/types.h.
// Cost: Set O(1), Cancel and firing O(log n), amortised.
// Source: Fredman, Sedgewick, Sleator, Tarjan, "The pairing heap", 1986.
#ifndef EBBRT_CORE_EVENT_TIMER_H_
#define EBBRT_CORE_EVENT_TIMER_H_

#include <cstdint>
#include <utility>

#include "core/base/types.h"
#include "core/event/event.h"

namespace ebbrt {

class Timer {
 public:
  explicit Timer(EventFunction function, EventTag tag = kTimerTag)
      : function_(std::move(function)), tag_(tag) {}
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Arms the timer for `deadline`; an armed one is moved there.
  void Set(Time deadline);
  // Arms it for `delay` from now.
  void SetAfter(Duration delay);
  // Disarms it; does nothing if it is not armed.
  void Cancel();

  bool armed() const { return armed_; }
  // REQUIRES: armed().
  Time deadline() const { return deadline_; }

 private:
  friend class TimerHeap;
  friend class EventLoop;

  // Runs the function. The timer may be gone afterwards.
  void Fire();

  EventFunction function_;
  Time deadline_{};
  uint64_t sequence_ = 0;
  EventTag tag_;
  bool armed_ = false;
  CoreId core_;
  bool* destroyed_ = nullptr;  // While it fires: to be set by ~Timer.
  // The heap's: first child, next sibling, and the one that points here (the
  // previous sibling, or the parent of a first child).
  Timer* child_ = nullptr;
  Timer* next_ = nullptr;
  Timer* previous_ = nullptr;
};

// The armed timers of one core, earliest first.
class TimerHeap {
 public:
  bool empty() const { return root_ == nullptr; }
  // When the earliest fires; kTimeNever if there is none.
  Time next_deadline() const {
    return root_ == nullptr ? kTimeNever : root_->deadline_;
  }

  // REQUIRES: not armed.
  void Insert(Timer* timer);
  // REQUIRES: armed, in this heap.
  void Remove(Timer* timer);
  // Takes out the earliest if its deadline is not after `now`; else null.
  Timer* PopExpired(Time now);

 private:
  static bool Before(const Timer* a, const Timer* b);
  // Makes the later root a child of the earlier one, which is returned.
  static Timer* Meld(Timer* a, Timer* b);
  // Melds a list of siblings into one tree.
  static Timer* MeldSiblings(Timer* first);

  Timer* root_ = nullptr;
  uint64_t sequence_ = 0;
};

}  // namespace ebbrt

#endif  // EBBRT_CORE_EVENT_TIMER_H_
