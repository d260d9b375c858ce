// The event loop: one a core, and the only thing that runs there.
//
// An event is a function that runs to completion and is never preempted. A
// turn of the loop takes one of each, so that none can keep the others out:
//
//   1. what devices have made pending (Platform::ServiceInterrupts),
//   2. a timer that is due,
//   3. a queued event;
//   4. if there was none of these, an idle handler;
//   5. and if that found nothing, it waits for a wake-up, an interrupt or the
//      next timer.
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

#include <atomic>
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
#include "core/trace/core_trace.h"
#include "platform/current.h"

namespace ebbrt {

class EventLoop;

// The calling core's loop.
inline constexpr EbbRef<EventLoop> event_loop{kEventLoopId};

// A function that runs whenever the core would otherwise wait: a poll of a
// device, say. While one is started the core does not wait but polls.
class IdleHandler : public ListLink {
 public:
  // `poll` returns whether it found something to do, which is then accounted
  // under `tag`.
  explicit IdleHandler(UniqueFunction<bool()> poll, EventTag tag = kNoTag)
      : poll_(std::move(poll)), tag_(tag) {}
  ~IdleHandler() { Stop(); }

  // Starts polling on the calling core. Idempotent.
  void Start();
  // REQUIRES: called on that core. Idempotent, also from within `poll`.
  void Stop();

 private:
  friend class EventLoop;
  UniqueFunction<bool()> poll_;
  const EventTag tag_;
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
  EventTag other_tag_ = kNoTag;  // EventLoop::other_tag_, meanwhile.
  CoreTrace::Piece trace_piece_;
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
  // At most this many turns pass before the platform gets one of its own
  // (Platform::Wait), in which it also tells of the end of the node.
  // In virtual time each turn ends so: what it has cost must have passed on all
  // cores before the next.
  static constexpr uint32_t kTurnsPerYield = 64;
  static constexpr bool kTimeIsVirtual =
      platform::Has(Platform::kFeatures, platform::Feature::kVirtualTime);
  // At most this many turns pass before a busy loop looks at the clock, that
  // is, before it sees that a timer is due. In virtual time each does: to look
  // costs nothing there, and all must happen at its own time.
  static constexpr uint32_t kTurnsPerClockRead = kTimeIsVirtual ? 1 : 8;
  static constexpr size_t kPooledEventsMax = 256;

  // `loops` has the loop of each core of the node, by index.
  EventLoop(CoreId core, EventLoop* const* loops, internal::RcuNode& rcu);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Queues an event behind those of this core. (By reference, so that a
  // function is moved once on its way to the queue.)
  void Spawn(EventFunction&& function, EventTag tag = kNoTag);
  // The same on another core (or this one).
  void SpawnOn(CoreId core, EventFunction&& function, EventTag tag = kNoTag);
  // See RcuDefer.
  void Defer(EventFunction&& function);

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

  // From now on accounts for what the core does (core/trace/trace.h), or stops
  // doing so. Called on the loop's own core. False: there is no memory for it.
  [[nodiscard]] bool StartTrace();
  void StopTrace() { tracing_ = nullptr; }
  // The tag of what runs at present.
  EventTag running_tag() const {
    return running_ != nullptr ? running_->tag : other_tag_;
  }
  // What runs at present handles that many bytes (more): see TraceBytes.
  void AddBytes(uint64_t bytes) {
    event_bytes_ += bytes;
    if (tracing_ != nullptr) tracing_->AddBytes(bytes);
  }
  // The trace of this core while it is on, else null.
  CoreTrace* tracing() { return tracing_; }
  // The trace of `core` if it was ever on, else null. Any core may ask; it is
  // there until the node ends.
  const CoreTrace* TraceOf(CoreId core) const {
    // Acquire: pairs with the release in StartTrace.
    return loops_[core.index()]->trace_.load(std::memory_order_acquire);
  }

 private:
  friend class Timer;
  friend class IdleHandler;

  static void RunOnStack(void* thread);
  static bool WaitForWork(EventLoop& loop);
  static bool Wait(Time deadline);

  Event* NewEvent(EventFunction&& function, EventTag tag);
  void FreeEvent(Event* event);
  bool RunInterrupts();
  bool RunDueTimer();
  bool RunQueuedEvent();
  bool RunIdleHandler();
  void AdvanceRcu();
  void ResumeContext(EventContext& context);
  // What ran under this tag has ended, or blocks: where time is virtual, it has
  // taken some.
  void Charge(EventTag tag) {
    if constexpr (kTimeIsVirtual) {
      Platform::EndEvent(tag, std::exchange(event_bytes_, 0));
    }
  }
  // Called first on a stack that a switch has reached.
  void PoolLeftStack();

  // What every turn touches stands first, in two lines, and in one more that
  // is written by other cores.
  LoopThread* thread_ = nullptr;  // That runs this core at present.
  Event* running_ = nullptr;      // The event that runs; null for others.
  IntrusiveQueue<Event> ready_;
  CoreTrace* tracing_ = nullptr;
  uint64_t event_bytes_ = 0;  // That what runs has said it handles.
  // Of what runs outside of queued events; not an interrupt: set by who calls.
  EventTag other_tag_ = kInterruptTag;
  uint32_t turns_until_yield_ = kTurnsPerYield;
  uint32_t turns_until_clock_ = 1;
  bool draining_ = false;
  TimerHeap timers_;
  IntrusiveList<IdleHandler> idle_handlers_;
  internal::RcuCore rcu_;

  // Written by other cores.
  alignas(kNoSharingBytes) MpscStack<Event> remote_;

  alignas(kNoSharingBytes) const CoreId core_;
  EventLoop* const* const loops_;
  IntrusiveQueue<Event> free_events_;
  size_t free_event_count_ = 0;
  IntrusiveList<Stack> blocked_;  // Of events that gave the core back.
  Time now_{};  // As last read; no later than it is.
  // Owned; read by other cores, and so set once.
  std::atomic<CoreTrace*> trace_{nullptr};
};

inline void Spawn(EventFunction&& function, EventTag tag = kNoTag) {
  event_loop->Spawn(std::move(function), tag);
}
inline void SpawnOn(CoreId core, EventFunction&& function,
                    EventTag tag = kNoTag) {
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
