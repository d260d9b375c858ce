#include "core/event/timer.h"

#include "core/base/check.h"
#include "core/event/event_loop.h"
#include "platform/current.h"

namespace ebbrt {

Timer::~Timer() {
  Cancel();
  if (destroyed_ != nullptr) *destroyed_ = true;
}

void Timer::Fire() {
  // The function may destroy the timer, and so must not stand in it meanwhile.
  EBBRT_CHECK(function_);
  EventFunction function = std::move(function_);
  bool destroyed = false;
  destroyed_ = &destroyed;
  function();
  if (destroyed) return;
  destroyed_ = nullptr;
  function_ = std::move(function);
}

void Timer::Set(Time deadline) {
  Cancel();
  deadline_ = deadline;
  core_ = Platform::CurrentCore();
  event_loop->timers_.Insert(this);
}

void Timer::SetAfter(Duration delay) {
  Time now = Platform::Now();
  Set(delay < kTimeNever - now ? now + delay : kTimeNever);
}

void Timer::Cancel() {
  if (!armed_) return;
  EBBRT_CHECK(core_ == Platform::CurrentCore());
  event_loop->timers_.Remove(this);
}

bool TimerHeap::Before(const Timer* a, const Timer* b) {
  if (a->deadline_ != b->deadline_) return a->deadline_ < b->deadline_;
  return a->sequence_ < b->sequence_;
}

Timer* TimerHeap::Meld(Timer* a, Timer* b) {
  if (a == nullptr) return b;
  if (b == nullptr) return a;
  if (Before(b, a)) std::swap(a, b);
  b->next_ = a->child_;
  if (b->next_ != nullptr) b->next_->previous_ = b;
  b->previous_ = a;
  a->child_ = b;
  return a;
}

Timer* TimerHeap::MeldSiblings(Timer* first) {
  // First pass: meld pairs from left to right, chaining the results in
  // reverse order. Second pass: meld them from right to left.
  Timer* pairs = nullptr;
  while (first != nullptr) {
    Timer* second = first->next_;
    Timer* rest = second == nullptr ? nullptr : second->next_;
    first->next_ = first->previous_ = nullptr;
    if (second != nullptr) second->next_ = second->previous_ = nullptr;
    Timer* pair = Meld(first, second);
    pair->next_ = pairs;
    pairs = pair;
    first = rest;
  }
  Timer* root = nullptr;
  while (pairs != nullptr) {
    Timer* next = std::exchange(pairs->next_, nullptr);
    root = Meld(root, pairs);
    pairs = next;
  }
  return root;
}

void TimerHeap::Insert(Timer* timer) {
  EBBRT_DCHECK(!timer->armed_);
  timer->armed_ = true;
  timer->sequence_ = sequence_++;
  root_ = Meld(root_, timer);
}

void TimerHeap::Remove(Timer* timer) {
  EBBRT_DCHECK(timer->armed_);
  if (timer == root_) {
    root_ = MeldSiblings(std::exchange(timer->child_, nullptr));
  } else {
    // Cut the timer's tree out of its siblings, then give its children back.
    Timer* before = timer->previous_;
    (before->child_ == timer ? before->child_ : before->next_) = timer->next_;
    if (timer->next_ != nullptr) timer->next_->previous_ = before;
    timer->next_ = nullptr;
    root_ = Meld(root_, MeldSiblings(std::exchange(timer->child_, nullptr)));
  }
  timer->previous_ = nullptr;
  timer->armed_ = false;
}

Timer* TimerHeap::PopExpired(Time now) {
  Timer* timer = root_;
  if (timer == nullptr || timer->deadline_ > now) return nullptr;
  Remove(timer);
  return timer;
}

}  // namespace ebbrt
