#include "core/event/rcu.h"

#include <utility>

#include "core/event/event_loop.h"
#include "platform/current.h"

namespace ebbrt {

void RcuDefer(EventFunction function) {
  event_loop->Defer(std::move(function));
}

namespace internal {

void RcuCore::Defer(Event* event) { next_.PushBack(event); }

void RcuCore::Publish(uint64_t seen) {
  seen_ = seen;
  // Release: the reads of the events before this boundary are done.
  mine_.seen.store(seen, std::memory_order_release);
  // The fence stands between our store and our look at the waiters, as one
  // stands between a waiter's push and its look at `seen` (BeginIdle): one of
  // the two sees the other's write.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (mine_.waiters.empty()) return;
  IntrusiveQueue<RcuWaiter> waiters = mine_.waiters.TakeAll();
  while (RcuWaiter* waiter = waiters.PopFront()) {
    CoreId core = waiter->core;
    // Release: the waiter's link has been read.
    waiter->registered.store(false, std::memory_order_release);
    Platform::Wake(core);
  }
}

void RcuCore::BeginBatch() {
  current_ = std::move(next_);
  // Sequentially consistent, with the fence: an idle core that wakes up after
  // we have read its kIdle sees what was unlinked before (EndIdle).
  epoch_ = node_.epoch.fetch_add(1, std::memory_order_seq_cst) + 1;
  std::atomic_thread_fence(std::memory_order_seq_cst);
  cursor_ = 0;
}

IntrusiveQueue<Event> RcuCore::Advance() {
  if (current_.empty()) {
    if (next_.empty()) return {};
    BeginBatch();
  }
  while (cursor_ < node_.views.size() && Reached(node_.views[cursor_])) {
    ++cursor_;
  }
  if (cursor_ < node_.views.size()) return {};
  IntrusiveQueue<Event> finished = std::move(current_);
  if (!next_.empty()) BeginBatch();
  return finished;
}

bool RcuCore::BeginIdle() {
  if (seen_ != RcuView::kIdle) Publish(RcuView::kIdle);
  if (!pending()) return true;
  if (current_.empty()) BeginBatch();
  while (cursor_ < node_.views.size()) {
    RcuView& view = node_.views[cursor_];
    if (!Reached(view)) {
      // Acquire: pairs with the clearing in Publish.
      if (waiter_.registered.load(std::memory_order_acquire)) {
        // It still stands with a core that was waited for before; that core's
        // wake-up brings us here again.
        return true;
      }
      waiter_.registered.store(true, std::memory_order_relaxed);
      view.waiters.Push(&waiter_);
      std::atomic_thread_fence(std::memory_order_seq_cst);
      if (!Reached(view)) return true;
    }
    ++cursor_;
  }
  return false;
}

void RcuCore::EndIdle() {
  // A boundary follows, which shows as much as anybody may ask for.
  if (kOthersAreIdle) return;
  seen_ = node_.epoch.load(std::memory_order_acquire);
  // A full barrier: a writer that still finds kIdle takes it that we hold
  // nothing, so what we read from here on must be what it has written.
  mine_.seen.exchange(seen_, std::memory_order_seq_cst);
}

IntrusiveQueue<Event> RcuCore::TakeAll() {
  IntrusiveQueue<Event> all = std::move(current_);
  while (Event* event = next_.PopFront()) all.PushBack(event);
  return all;
}

}  // namespace internal
}  // namespace ebbrt
