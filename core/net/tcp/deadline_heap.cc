#include "core/net/tcp/deadline_heap.h"

#include <algorithm>
#include <new>
#include <utility>

#include "core/base/check.h"

namespace ebbrt::tcp {

bool DeadlineHeap::Reserve(size_t entries) {
  if (entries <= capacity_) return true;
  const size_t capacity = std::max(entries, 2 * capacity_);
  std::unique_ptr<DeadlineEntry*[]> larger(new (std::nothrow)
                                               DeadlineEntry*[capacity]);
  if (larger == nullptr) return false;
  std::copy_n(entries_.get(), size_, larger.get());
  entries_ = std::move(larger);
  capacity_ = capacity;
  return true;
}

void DeadlineHeap::Set(DeadlineEntry& entry, Time deadline) {
  if (entry.place == 0) {
    EBBRT_CHECK(size_ < capacity_);
    entry.deadline = deadline;
    Place(size_++, &entry);
    Rise(size_ - 1);
    return;
  }
  const bool earlier = deadline < entry.deadline;
  entry.deadline = deadline;
  if (earlier) {
    Rise(entry.place - 1);
  } else {
    Sink(entry.place - 1);
  }
}

void DeadlineHeap::Remove(DeadlineEntry& entry) {
  if (entry.place == 0) return;
  const size_t at = std::exchange(entry.place, 0u) - 1;
  DeadlineEntry* last = entries_[--size_];
  if (at == size_) return;
  Place(at, last);
  Rise(at);
  Sink(last->place - 1);
}

DeadlineEntry* DeadlineHeap::PopExpired(Time now) {
  if (size_ == 0 || entries_[0]->deadline > now) return nullptr;
  DeadlineEntry* entry = entries_[0];
  Remove(*entry);
  return entry;
}

void DeadlineHeap::Rise(size_t at) {
  DeadlineEntry* entry = entries_[at];
  while (at != 0) {
    const size_t parent = (at - 1) / 2;
    if (entries_[parent]->deadline <= entry->deadline) break;
    Place(at, entries_[parent]);
    at = parent;
  }
  Place(at, entry);
}

void DeadlineHeap::Sink(size_t at) {
  DeadlineEntry* entry = entries_[at];
  while (true) {
    size_t child = 2 * at + 1;
    if (child >= size_) break;
    if (child + 1 < size_ &&
        entries_[child + 1]->deadline < entries_[child]->deadline) {
      ++child;
    }
    if (entry->deadline <= entries_[child]->deadline) break;
    Place(at, entries_[child]);
    at = child;
  }
  Place(at, entry);
}

}  // namespace ebbrt::tcp
