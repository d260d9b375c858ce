#include "platform/sim/event_queue.h"

#include <algorithm>

namespace ebbrt::platform {

void EventQueue::Schedule(SimEvent& event, Time time, uint16_t rank) {
  EBBRT_CHECK(sequence_ < kSequencesMax && heap_.size() < kEventsMax);
  Cancel(event);
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.push_back({});
  }
  event.slot_ = free_slots_.back();
  free_slots_.pop_back();
  slots_[event.slot_].event = &event;
  Node node = {time, uint64_t{rank} << 48 | sequence_++, event.slot_};
  heap_.push_back(node);
  SiftUp(heap_.size() - 1, node);
}

void EventQueue::Cancel(SimEvent& event) {
  if (event.scheduled()) Remove(slots_[event.slot_].place);
}

SimEvent* EventQueue::Pop() {
  if (heap_.empty()) return nullptr;
  SimEvent* event = slots_[heap_[0].slot].event;
  Remove(0);
  return event;
}

void EventQueue::Clear() {
  for (const Node& node : heap_) {
    slots_[node.slot].event->slot_ = SimEvent::kNone;
  }
  heap_.clear();
  slots_.clear();
  free_slots_.clear();
}

void EventQueue::Remove(size_t place) {
  const uint32_t slot = heap_[place].slot;
  slots_[slot].event->slot_ = SimEvent::kNone;
  free_slots_.push_back(slot);
  Node last = heap_.back();
  heap_.pop_back();
  if (place == heap_.size()) return;
  // The last fills the gap, from where it may belong either way.
  if (place > 0 && last.Before(heap_[(place - 1) / kChildren])) {
    SiftUp(place, last);
  } else {
    SiftDown(place, last);
  }
}

void EventQueue::SiftUp(size_t place, Node node) {
  while (place > 0) {
    size_t parent = (place - 1) / kChildren;
    if (!node.Before(heap_[parent])) break;
    Put(place, heap_[parent]);
    place = parent;
  }
  Put(place, node);
}

void EventQueue::SiftDown(size_t place, Node node) {
  for (;;) {
    size_t child = place * kChildren + 1;
    if (child >= heap_.size()) break;
    size_t end = std::min(child + kChildren, heap_.size());
    size_t least = child;
    while (++child < end) {
      if (heap_[child].Before(heap_[least])) least = child;
    }
    if (!heap_[least].Before(node)) break;
    Put(place, heap_[least]);
    place = least;
  }
  Put(place, node);
}

}  // namespace ebbrt::platform
