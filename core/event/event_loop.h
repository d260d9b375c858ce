// The event loop: one a core, and the only thing that runs there.
//
// An event is a function that runs to completion and is never preempted. The
// loop takes, in this order, and starts over as soon as it has run anything:
//
//   1. what devices have made pending (Platform::ServiceInterrupts),
//   2. timers that are due, and one queued event,
//   3. the idle handlers;
//   4. then it waits for a wake-up, an interrupt or the next timer.
//
// Any event may block: SaveContext puts its stack aside and the loop goes on
// on another; an event that does not block pays nothing for that.
//
// Cores: the loop of the calling core, from an event on it; SpawnOn and
// ActivateContext reach other cores. Ownership: queued functions belong to
// the loop; what is still queued when the node ends is destroyed, not run.
// Blocks: only SaveContext. Allocates: an event record, from a small pool
// first. Bound: the queues have none; whoever spawns keeps one.
// Source: paper sections 3.3 and 4.2.
#ifndef EBBRT_CORE_EVENT_EVENT_LOOP_H_
#define EBBRT_CORE_EVENT_EVENT_LOOP_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "core/base/intrusive_queue.h"
#include "core/base/types.h"
#include "core/ebb/ebb_id.h"
#include "core/ebb/ebb_ref.h"
#include "core/event/event.h"
#include "core/event/rcu.h"
#include "core/event/stack.h"
#include "core/event/timer.h"

namespace ebbrt {

class EventLoop;

// The calling core's loop.
inline constexpr EbbRef<EventLoop> event_loop{kEventLoopId};

// A function that runs whenever the core would otherwise wait: a poll of a
// device, say. While one is started the core does not wait but polls.
class IdleHandler : public ListLink {
 public:
  // `poll` returns whether it found something to do.
  explicit IdleHandler(UniqueFunction<bool()> poll) : poll_(std::move(poll)) {}
  ~IdleHandler() { Stop(); }

  // Starts polling on the calling core. Idempotent.
  void Start();
  // REQUIRES: called on that core. Idempotent, also from within `poll`.
  void Stop();

 private:
  friend class EventLoop;
  UniqueFunction<bool()> poll_;
};

// An event that has given its core back in the middle.
class EventContext {
 public:
  EventContext() = default;
  EventContext(const EventContext&) = delete;
  EventContext& operator=(const EventContext&) = delete;

 private:
  friend class EventLoop;
  StackContext registers_;
  Stack* stack_ = nullptr;
  Event* event_ = nullptr;
  CoreId core_;
};

// A processor's thread of control that runs loops, and the stacks it uses. On
// real cores each loop has its own; in the simulator one serves all cores.
struct LoopThread {
  StackContext home;          // Where the platform called the loop from.
  Stack* running = nullptr;   // The stack in use.
  Stack* leaving = nullptr;   // Left for good; to be pooled by who comes next.
  StackPool pool;
};

class EventLoop {
 public:
  // At most this many events run before the platform is asked for the time
  // and the end of the node.
  static constexpr uint32_t kEventsPerYield = 64;
  static constexpr size_t kPooledEventsMax = 256;

  // `loops` has the loop of each core of the node, by index.
  EventLoop(CoreId core, EventLoop* const* loops, internal::RcuNode& rcu);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Queues an event behind those of this core.
  void Spawn(EventFunction function, EventTag tag = 0);
  // The same on another core (or this one).
  void SpawnOn(CoreId core, EventFunction function, EventTag tag = 0);
  // See RcuDefer.
  void Defer(EventFunction function);

  // Gives the core back until ActivateContext(context); what follows runs in
  // an event of its own, on the same core. False, at once, where there is no
  // memory for another stack.
  [[nodiscard]] bool SaveContext(EventContext& context);
  // Any core, once for each SaveContext and not before it was called.
  void ActivateContext(EventContext& context);

  // Runs the loop of the core, or, where the platform switches between cores
  // in Wait, of all cores. Called by the node (core/event/node.h).
  static void Run();

  // The node has ended: runs everything deferred, destroys everything queued,
  // and from now on queues nothing more.
  void Drain();

  // How many events have run, and how often the core waited. Any core may ask
  // through the loop's owner; the figures are then a little old.
  uint64_t events_run() const { return events_run_; }
  uint64_t waits() const { return waits_; }

 private:
  friend class Timer;
  friend class IdleHandler;

  static void RunOnStack(void* thread);
  static bool WaitForWork(EventLoop& loop);

  Event* NewEvent(EventFunction&& function, EventTag tag);
  void FreeEvent(Event* event);
  bool RunQueuedEvent();
  bool RunDueTimer();
  bool RunIdleHandlers();
  void AdvanceRcu();
  void ResumeContext(EventContext& context);
  // Called first on a stack that a switch has reached.
  void PoolLeftStack();

  const CoreId core_;
  EventLoop* const* const loops_;
  IntrusiveQueue<Event> ready_;
  TimerHeap timers_;
  internal::RcuCore rcu_;
  IntrusiveList<IdleHandler> idle_handlers_;
  IntrusiveQueue<Event> free_events_;
  size_t free_event_count_ = 0;
  LoopThread* thread_ = nullptr;  // That runs this core at present.
  Event* running_ = nullptr;      // The event that runs; null for others.
  uint32_t events_until_yield_ = kEventsPerYield;
  bool draining_ = false;
  uint64_t events_run_ = 0;
  uint64_t waits_ = 0;

  // Written by other cores.
  alignas(kNoSharingBytes) MpscStack<Event> remote_;
};

inline void Spawn(EventFunction function, EventTag tag = 0) {
  event_loop->Spawn(std::move(function), tag);
}
inline void SpawnOn(CoreId core, EventFunction function, EventTag tag = 0) {
  event_loop->SpawnOn(core, std::move(function), tag);
}
[[nodiscard]] inline bool SaveContext(EventContext& context) {
  return event_loop->SaveContext(context);
}
inline void ActivateContext(EventContext& context) {
  event_loop->ActivateContext(context);
}

}  // namespace ebbrt

#endif  // EBBRT_CORE_EVENT_EVENT_LOOP_H_
