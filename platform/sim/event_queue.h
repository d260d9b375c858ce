// The simulator's queue: what happens next, in virtual time.
//
// A heap of four children a node, keyed by (time, rank, sequence), whose keys
// stand in one array and whose events know their place in it, so that an event
// is moved or cancelled where it stands. What has an equal time comes in order
// of rank, and what has an equal rank in the order in which it was scheduled:
// a history depends on nothing but what was scheduled.
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
  SimEvent() = default;
  SimEvent(const SimEvent&) = delete;
  SimEvent& operator=(const SimEvent&) = delete;
  ~SimEvent() { EBBRT_DCHECK(!scheduled()); }

  bool scheduled() const { return place_ != kNowhere; }

 private:
  friend class EventQueue;
  static constexpr size_t kNowhere = ~size_t{0};
  size_t place_ = kNowhere;
};

class EventQueue {
 public:
  // How many events one queue can take in its life: years of them.
  static constexpr uint64_t kSequencesMax = uint64_t{1} << 48;

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

  bool empty() const { return heap_.empty(); }
  size_t size() const { return heap_.size(); }
  // When the next event happens; kTimeNever if there is none.
  Time next_time() const { return empty() ? kTimeNever : heap_[0].time; }
  // REQUIRES: event.scheduled().
  Time time_of(const SimEvent& event) const { return heap_[event.place_].time; }

  // Cancels all.
  void Clear();

 private:
  static constexpr size_t kChildren = 4;

  struct Node {
    Time time;
    uint64_t order;  // The rank in the upper 16 bits, then the sequence.
    SimEvent* event;

    bool Before(const Node& other) const {
      return time != other.time ? time < other.time : order < other.order;
    }
  };

  // Puts `node` at `place` or, as long as it belongs there, above or below.
  void SiftUp(size_t place, Node node);
  void SiftDown(size_t place, Node node);
  void Put(size_t place, const Node& node) {
    heap_[place] = node;
    node.event->place_ = place;
  }
  void Remove(size_t place);

  // Invariant: no node is before its parent, (place - 1) / kChildren; each
  // node's event has its place.
  std::vector<Node> heap_;
  uint64_t sequence_ = 0;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_EVENT_QUEUE_H_
