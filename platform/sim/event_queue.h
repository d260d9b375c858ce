// The simulator's queue: what happens next, in virtual time.
//
// A heap of four children a node, keyed by (time, rank, sequence), whose keys
// stand in one array. An event that is scheduled has a slot, and a second array
// has each slot's place in the first, so that an event is moved or cancelled
// where it stands; and since both arrays are small, to take the next of a
// million events touches no event but that one. What has an equal time comes in
// order of rank, and what has an equal rank in the order in which it was
// scheduled: a history depends on nothing but what was scheduled.
//
// It is a library of its own and needs neither the platform nor SimGrid.
//
// Cores: one host thread. Ownership: events are the caller's, and outlive
// their time in the queue. Blocks: never. Allocates: the array, as it grows.
// Bound: kSequencesMax schedulings. Units: Time.
// Cost: Schedule, Cancel and Pop O(log n); next_time O(1).
// Source: Johnson, "Priority queues with update and finding minimum spanning
// trees", 1975 (d-ary heaps).
#ifndef EBBRT_PLATFORM_SIM_EVENT_QUEUE_H_
#define EBBRT_PLATFORM_SIM_EVENT_QUEUE_H_

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/check.h"
#include "core/base/types.h"

namespace ebbrt::platform {

// Something that happens once; users derive from it.
class SimEvent {
 public:
  explicit SimEvent(bool is_action = false) : is_action_(is_action) {}
  SimEvent(const SimEvent&) = delete;
  SimEvent& operator=(const SimEvent&) = delete;
  ~SimEvent() { EBBRT_DCHECK(!scheduled()); }

  bool scheduled() const { return slot_ != kNone; }
  // Whether it is a SimAction.
  bool is_action() const { return is_action_; }

 private:
  friend class EventQueue;
  static constexpr uint32_t kNone = ~uint32_t{0};
  uint32_t slot_ = kNone;
  const bool is_action_;
};

// One that knows itself what happens then.
class SimAction : public SimEvent {
 public:
  SimAction() : SimEvent(true) {}
  // It is no longer scheduled, and may be destroyed from within.
  virtual void Happen(Time now) = 0;

 protected:
  ~SimAction() = default;
};

class EventQueue {
 public:
  // How many events one queue can take in its life: years of them.
  static constexpr uint64_t kSequencesMax = uint64_t{1} << 48;
  // At one time.
  static constexpr size_t kEventsMax = uint64_t{1} << 31;

  EventQueue() = default;
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;
  ~EventQueue() { Clear(); }

  // Has `event` happen at `time`; one that is scheduled is moved there.
  void Schedule(SimEvent& event, Time time, uint16_t rank = 0);
  // Nothing if it is not scheduled.
  void Cancel(SimEvent& event);

  // Takes the next event out. Null if there is none.
  SimEvent* Pop();

  // Has the processor fetch what is likely to be taken next: in a simulation of
  // many cores hardly anything is in its caches.
  void PrefetchNext() const {
    size_t count = std::min(heap_.size(), 1 + kChildren);
    for (size_t i = 0; i < count; ++i) {
      const char* event =
          reinterpret_cast<const char*>(slots_[heap_[i].slot].event);
      __builtin_prefetch(event);
      __builtin_prefetch(event + kCacheLineBytes);
    }
  }

  bool empty() const { return heap_.empty(); }
  size_t size() const { return heap_.size(); }
  // When the next event happens; kTimeNever if there is none.
  Time next_time() const { return empty() ? kTimeNever : heap_[0].time; }
  // REQUIRES: event.scheduled().
  Time time_of(const SimEvent& event) const {
    return heap_[slots_[event.slot_].place].time;
  }

  // Cancels all.
  void Clear();

 private:
  static constexpr size_t kChildren = 4;

  struct Node {
    Time time;
    uint64_t order;  // The rank in the upper 16 bits, then the sequence.
    uint32_t slot;

    bool Before(const Node& other) const {
      return time != other.time ? time < other.time : order < other.order;
    }
  };

  struct Slot {
    SimEvent* event;
    uint32_t place;
  };

  // Puts `node` at `place` or, as long as it belongs there, above or below.
  void SiftUp(size_t place, Node node);
  void SiftDown(size_t place, Node node);
  void Put(size_t place, const Node& node) {
    heap_[place] = node;
    slots_[node.slot].place = static_cast<uint32_t>(place);
  }
  // Takes the node at `place` out, and frees its slot.
  void Remove(size_t place);

  // Invariants: no node is before its parent, (place - 1) / kChildren; a node's
  // slot has its event and its place; the event has its slot.
  std::vector<Node> heap_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_slots_;
  uint64_t sequence_ = 0;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_EVENT_QUEUE_H_
