#include "core/event/event_loop.h"

#include <new>

#include "core/base/check.h"
#include "platform/current.h"

namespace ebbrt {

void IdleHandler::Start() {
  if (!linked()) event_loop->idle_handlers_.PushBack(this);
}

void IdleHandler::Stop() {
  if (linked()) Unlink();
}

EventLoop::EventLoop(CoreId core, EventLoop* const* loops,
                     internal::RcuNode& rcu)
    : rcu_(rcu, core), core_(core), loops_(loops) {}

EventLoop::~EventLoop() {
  // Events that are still blocked have nobody left to wake them.
  while (Stack* stack = blocked_.PopFront()) Stack::Destroy(stack);
  while (Event* event = free_events_.PopFront()) delete event;
  delete trace_.load(std::memory_order_relaxed);
}

bool EventLoop::StartTrace() {
  CoreTrace* trace = trace_.load(std::memory_order_relaxed);
  if (trace == nullptr) {
    trace = new (std::nothrow) CoreTrace;
    if (trace == nullptr) return false;
    // Release: whoever finds the trace finds it made.
    trace_.store(trace, std::memory_order_release);
  }
  if (tracing_ == nullptr) trace->Start();
  tracing_ = trace;
  return true;
}

Event* EventLoop::NewEvent(EventFunction&& function, EventTag tag) {
  Event* event = free_events_.PopFront();
  if (event == nullptr) return new Event(std::move(function), tag);
  --free_event_count_;
  return ::new (event) Event(std::move(function), tag);
}

void EventLoop::FreeEvent(Event* event) {
  if (free_event_count_ == kPooledEventsMax) {
    delete event;
    return;
  }
  // What the function owns is let go now; the record is kept.
  event->function.Reset();
  free_events_.PushFront(event);
  ++free_event_count_;
}

void EventLoop::Spawn(EventFunction&& function, EventTag tag) {
  if (draining_) return;
  ready_.PushBack(NewEvent(std::move(function), tag));
}

void EventLoop::SpawnOn(CoreId core, EventFunction&& function, EventTag tag) {
  if (core == core_ || draining_) {
    Spawn(std::move(function), tag);
    return;
  }
  EBBRT_CHECK(core.index() < Platform::CoreCount());
  Event* event = NewEvent(std::move(function), tag);
  // Only the first of a burst has to wake the core: it takes all at once.
  if (loops_[core.index()]->remote_.Push(event)) Platform::Wake(core);
}

void EventLoop::Defer(EventFunction&& function) {
  if (draining_) {
    // No loop runs any more, so nothing can be read any more.
    function();
    return;
  }
  Event* event = NewEvent(std::move(function), kRcuTag);
  event->deferred = true;
  rcu_.Defer(event);
}

bool EventLoop::SaveContext(EventContext& context) {
  LoopThread& thread = *thread_;
  Stack* next = thread.pool.Take();
  if (next == nullptr) return false;
  context.stack_ = std::exchange(thread.running, next);
  blocked_.PushBack(context.stack_);
  Charge(running_tag());
  if (tracing_ != nullptr) {
    context.trace_piece_ = tracing_->Suspend(running_tag());
  }
  context.event_ = std::exchange(running_, nullptr);
  context.other_tag_ = std::exchange(other_tag_, kInterruptTag);
  context.core_ = core_;
  StackContext start;
  next->Prepare(start, &EventLoop::RunOnStack, &thread);
  SwitchContext(context.registers_, start);
  // Resumed by ResumeContext, on the same core but maybe another thread.
  running_ = context.event_;
  other_tag_ = context.other_tag_;
  if (tracing_ != nullptr) tracing_->Resume(context.trace_piece_);
  PoolLeftStack();
  return true;
}

void EventLoop::ActivateContext(EventContext& context) {
  SpawnOn(context.core_, [&context] { event_loop->ResumeContext(context); });
}

void EventLoop::ResumeContext(EventContext& context) {
  // This event does not return to the loop that runs it: what it holds goes
  // now, and its stack is pooled from the other side.
  FreeEvent(std::exchange(running_, nullptr));
  LoopThread& thread = *thread_;
  EBBRT_CHECK(thread.leaving == nullptr);
  context.stack_->Unlink();
  thread.leaving = std::exchange(thread.running, context.stack_);
  LeaveForContext(context.registers_);
}

void EventLoop::PoolLeftStack() {
  if (Stack* left = std::exchange(thread_->leaving, nullptr)) {
    thread_->pool.Give(left);
  }
}

bool EventLoop::RunQueuedEvent() {
  Event* event = ready_.PopFront();
  if (event == nullptr) {
    if (remote_.empty()) return false;
    ready_ = remote_.TakeAll();
    event = ready_.PopFront();
  } else if (!remote_.empty()) {
    // Behind what is queued, so that neither side starves the other.
    ready_.Append(remote_.TakeAll());
  }
  running_ = event;
  event->function();
  Charge(event->tag);
  if (tracing_ != nullptr) tracing_->Finish(event->tag);
  FreeEvent(std::exchange(running_, nullptr));
  return true;
}

bool EventLoop::RunDueTimer() {
  if (timers_.empty()) return false;
  if (--turns_until_clock_ == 0) {
    turns_until_clock_ = kTurnsPerClockRead;
    now_ = Platform::Now();
  }
  if (timers_.next_deadline() > now_) return false;
  Timer* timer = timers_.PopExpired(now_);
  // The function may destroy its timer.
  EventTag tag = other_tag_ = timer->tag_;
  timer->Fire();
  other_tag_ = kInterruptTag;
  Charge(tag);
  if (tracing_ != nullptr) tracing_->Finish(tag);
  return true;
}

bool EventLoop::RunInterrupts() {
  if (!Platform::ServiceInterrupts()) return false;
  Charge(kInterruptTag);
  if (tracing_ != nullptr) tracing_->Finish(kInterruptTag);
  return true;
}

bool EventLoop::RunIdleHandler() {
  // A handler that stops itself or others while it runs is put up with by
  // rotating the list: each round takes one from the front.
  IdleHandler* handler = idle_handlers_.PopFront();
  if (handler == nullptr) return false;
  idle_handlers_.PushBack(handler);
  // The function may destroy its handler.
  EventTag tag = other_tag_ = handler->tag_;
  bool found = handler->poll_();
  other_tag_ = kInterruptTag;
  Charge(found ? tag : kEmptyPollTag);
  if (tracing_ != nullptr) {
    found ? tracing_->Finish(tag) : tracing_->Idle(kEmptyPollTag);
  }
  return found;
}

void EventLoop::AdvanceRcu() {
  if (rcu_.pending()) ready_.Append(rcu_.Advance());
}

bool EventLoop::WaitForWork(EventLoop& loop) {
  Time deadline = loop.timers_.next_deadline();
  // An idle handler that found nothing may still have queued an event.
  if (!loop.idle_handlers_.empty() || !loop.ready_.empty()) {
    deadline = Time::min();
  }
  if (!loop.rcu_.BeginIdle()) deadline = Time::min();
  if (loop.tracing_ != nullptr) loop.tracing_->Idle(kLookTag);
  return Wait(deadline);
}

bool EventLoop::Wait(Time deadline) {
  // A loop that ends is not a core's any more.
  if (!Platform::Wait(deadline)) return false;
  // The platform may have come back as another core.
  EventLoop& loop = *event_loop;
  loop.rcu_.EndIdle();
  loop.turns_until_yield_ = kTurnsPerYield;
  loop.turns_until_clock_ = 1;
  if (loop.tracing_ != nullptr) loop.tracing_->Idle(kWaitTag);
  return true;
}

void EventLoop::RunOnStack(void* argument) {
  LoopThread* thread = static_cast<LoopThread*>(argument);
  for (;;) {
    // Fetched anew each time: nothing of a core is kept across a wait.
    EventLoop& loop = *event_loop;
    loop.thread_ = thread;
    loop.PoolLeftStack();
    loop.rcu_.Boundary();
    loop.AdvanceRcu();
    if (--loop.turns_until_yield_ == 0) {
      // Not idle, but the platform gets its turn.
      if (!Wait(Time::min())) break;
      continue;
    }
    bool ran = loop.RunInterrupts();
    ran |= loop.RunDueTimer();
    ran |= loop.RunQueuedEvent();
    ran = ran || loop.RunIdleHandler();
    // What blocked meanwhile may have come back beneath another Run.
    thread = loop.thread_;
    if (ran && !kTimeIsVirtual) continue;
    if (!WaitForWork(loop)) break;
  }
  thread->leaving = std::exchange(thread->running, nullptr);
  LeaveForContext(thread->home);
}

void EventLoop::Run() {
  LoopThread thread;
  thread.running = thread.pool.Take();
  EBBRT_CHECK(thread.running != nullptr);
  event_loop->rcu_.EndIdle();
  StackContext start;
  thread.running->Prepare(start, &EventLoop::RunOnStack, &thread);
  SwitchContext(thread.home, start);
  thread.pool.Give(thread.leaving);
}

void EventLoop::Drain() {
  draining_ = true;
  // Of what was deferred, some may be past its wait and queued already.
  IntrusiveQueue<Event> queued = std::move(ready_);
  queued.Append(remote_.TakeAll());
  queued.Append(rcu_.TakeAll());
  while (Event* event = queued.PopFront()) {
    if (event->deferred) event->function();
    delete event;
  }
}

}  // namespace ebbrt
