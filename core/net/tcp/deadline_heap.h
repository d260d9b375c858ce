// The deadlines of a core's connections, earliest first.
//
// A binary heap of entries that know their place. Deadlines move later with
// every acknowledgment; that is no operation here, since an entry may fire
// early and then says anew when it is due.
//
// Cores: one. Ownership: none; an entry takes itself out before it goes.
// Blocks: never. Allocates: Reserve. Units: Time.
// Cost: Set and Remove O(log n).
#ifndef EBBRT_CORE_NET_TCP_DEADLINE_HEAP_H_
#define EBBRT_CORE_NET_TCP_DEADLINE_HEAP_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/base/types.h"

namespace ebbrt::tcp {

struct DeadlineEntry {
  Time deadline = kTimeNever;
  uint32_t place = 0;  // From 1 on; 0: not in the heap.
};

class DeadlineHeap {
 public:
  // There is room for so many entries; false where memory is refused. Set
  // needs it, and cannot fail.
  bool Reserve(size_t entries);

  // Puts the entry at `deadline`, whether it is in the heap or not.
  void Set(DeadlineEntry& entry, Time deadline);
  // Does nothing if it is not in the heap.
  void Remove(DeadlineEntry& entry);
  // Takes the earliest out, if it is not after `now`; else null.
  DeadlineEntry* PopExpired(Time now);

  Time next_deadline() const {
    return size_ == 0 ? kTimeNever : entries_[0]->deadline;
  }

 private:
  void Place(size_t at, DeadlineEntry* entry) {
    entries_[at] = entry;
    entry->place = static_cast<uint32_t>(at + 1);
  }
  // Moves the entry at `at` to where it belongs.
  void Rise(size_t at);
  void Sink(size_t at);

  std::unique_ptr<DeadlineEntry*[]> entries_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace ebbrt::tcp

#endif  // EBBRT_CORE_NET_TCP_DEADLINE_HEAP_H_
