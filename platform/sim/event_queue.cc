#include "platform/sim/event_queue.h"

#include <algorithm>
#include <utility>

namespace ebbrt::platform {
namespace {

// Which of the parts a key belongs in: the last that does not begin after it.
// Without branches, which nobody could predict. REQUIRES: the first does not.
template <typename Key>
size_t PartOf(const Key* begins, size_t count, Key key) {
  size_t part = 0;
  while (count > 1) {
    const size_t half = count / 2;
    part = begins[part + half] <= key ? part + half : part;
    count -= half;
  }
  return part;
}

}  // namespace

void EventQueue::Schedule(SimEvent& event, Time time, uint16_t rank) {
  EBBRT_CHECK(sequence_ < kSequencesMax && size_ < kEventsMax);
  const bool moves = event.scheduled();
  if (moves) Forget(event);
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.push_back(nullptr);
  }
  constexpr uint64_t kSign = uint64_t{1} << 63;
  Entry entry = {
      .time = static_cast<uint64_t>(time.time_since_epoch().count()) ^ kSign,
      .order = uint64_t{rank} << 48 | sequence_++,
      .slot = free_slots_.back()};
  free_slots_.pop_back();
  slots_[entry.slot] = &event;
  event.slot_ = entry.slot;
  event.time_ = time;
  ++size_;
  if (buckets_.empty() || entry.key() < buckets_.back().begin) {
    InsertIntoFront(entry);
    if (slots_[front_[head_].slot] == &event) next_time_ = time;
  } else {
    Add(BucketOf(entry.key()), entry);
  }
  if (moves) Settle();
}

void EventQueue::Cancel(SimEvent& event) {
  if (!event.scheduled()) return;
  Forget(event);
  Settle();
}

SimEvent* EventQueue::Pop() {
  if (empty()) return nullptr;
  const uint32_t slot = front_[head_++].slot;
  SimEvent* event = std::exchange(slots_[slot], nullptr);
  event->slot_ = SimEvent::kNone;
  free_slots_.push_back(slot);
  --size_;
  Settle();
  return event;
}

void EventQueue::Clear() {
  for (SimEvent* event : slots_) {
    if (event != nullptr) event->slot_ = SimEvent::kNone;
  }
  head_ = tail_ = 0;
  buckets_.clear();
  slots_.clear();
  free_slots_.clear();
  size_ = cancelled_ = 0;
  blocks_.clear();
  free_blocks_ = nullptr;
}

void EventQueue::Forget(SimEvent& event) {
  slots_[event.slot_] = nullptr;
  event.slot_ = SimEvent::kNone;
  --size_;
  ++cancelled_;
}

void EventQueue::InsertIntoFront(const Entry& entry) {
  if (tail_ - head_ == kFrontMax) {
    SpillFront();
    if (entry.key() >= buckets_.back().begin) {
      Add(buckets_.back(), entry);
      return;
    }
  }
  Entry* head = &front_[head_];
  Entry* tail = &front_[tail_];
  // Most come behind all others, or before them.
  Entry* place = tail;
  if (head != tail && Before()(entry, tail[-1])) {
    place = Before()(entry, *head)
                ? head
                : std::upper_bound(head, tail, entry, Before());
  }
  // The smaller part makes room, if it can.
  if (head_ > 0 && (place - head < tail - place || tail_ == kFrontMax)) {
    std::move(head, place, head - 1);
    --head_;
    place[-1] = entry;
  } else {
    std::move_backward(place, tail, tail + 1);
    ++tail_;
    *place = entry;
  }
}

void EventQueue::SpillFront() {
  const size_t middle = head_ + (tail_ - head_) / 2;
  const Key begin = front_[middle].key();
  if (buckets_.empty()) {
    buckets_.push_back({.begin = begin});
  } else {
    buckets_.back().begin = begin;
  }
  for (size_t i = middle; i < tail_; ++i) Add(buckets_.back(), front_[i]);
  tail_ = middle;
}

void EventQueue::Settle() {
  for (;;) {
    while (head_ != tail_ && !is_live(front_[head_])) Drop(front_[head_++]);
    if (tail_ - head_ >= kAheadMin || buckets_.empty()) break;
    TakeBucket();
  }
  if (head_ != tail_) next_time_ = slots_[front_[head_].slot]->time_;
  if (cancelled_ > size_ + kCancelledMin) DropCancelled();
}

void EventQueue::TakeBucket() {
  const Bucket bucket = buckets_.back();
  buckets_.pop_back();
  if (bucket.count <= kBlockEntries) {
    SortIntoFront(bucket);
  } else {
    Split(bucket);
  }
}

void EventQueue::SortIntoFront(const Bucket& bucket) {
  std::move(&front_[head_], &front_[tail_], front_.data());
  tail_ -= std::exchange(head_, 0);
  Entry* begin = &front_[tail_];
  for (Block* block = bucket.blocks; block != nullptr;) {
    for (size_t i = 0; i < block->count; ++i) {
      const Entry& entry = block->entries[i];
      if (is_live(entry)) {
        front_[tail_++] = entry;
      } else {
        Drop(entry);
      }
    }
    FreeBlock(std::exchange(block, block->next));
  }
  std::sort(begin, front_.data() + tail_, Before());
}

void EventQueue::Split(const Bucket& bucket) {
  const size_t parts =
      std::clamp<size_t>(bucket.count / kPartEvents, 2, kPartsMax);
  const size_t samples = parts * kSamplesPerPart;
  std::array<Key, kPartsMax * kSamplesPerPart> sample;
  size_t passed = 0;
  size_t sampled = 0;
  for (const Block* block = bucket.blocks; block != nullptr;
       block = block->next) {
    while (sampled < samples) {
      size_t place = sampled * bucket.count / samples - passed;
      if (place >= block->count) break;
      sample[sampled++] = block->entries[place].key();
    }
    passed += block->count;
  }
  std::sort(sample.begin(), sample.begin() + samples);
  std::array<Key, kPartsMax> begins;
  begins[0] = bucket.begin;
  for (size_t i = 1; i < parts; ++i) begins[i] = sample[i * kSamplesPerPart];
  // The parts' buckets, latest first.
  const size_t latest = buckets_.size();
  for (size_t i = parts; i-- > 0;) buckets_.push_back({.begin = begins[i]});
  for (Block* block = bucket.blocks; block != nullptr;) {
    for (size_t i = 0; i < block->count; ++i) {
      const Entry& entry = block->entries[i];
      size_t part = PartOf(begins.data(), parts, entry.key());
      Add(buckets_[latest + parts - 1 - part], entry);
    }
    FreeBlock(std::exchange(block, block->next));
  }
}

void EventQueue::DropCancelled() {
  for (Bucket& bucket : buckets_) {
    Block* block = std::exchange(bucket.blocks, nullptr);
    bucket.count = 0;
    while (block != nullptr) {
      for (size_t i = 0; i < block->count; ++i) {
        const Entry& entry = block->entries[i];
        is_live(entry) ? Add(bucket, entry) : Drop(entry);
      }
      FreeBlock(std::exchange(block, block->next));
    }
  }
}

EventQueue::Bucket& EventQueue::BucketOf(Key key) {
  // The first that does not begin after it: most belong in the latest.
  return *std::partition_point(
      buckets_.begin(), buckets_.end() - 1,
      [key](const Bucket& bucket) { return bucket.begin > key; });
}

void EventQueue::Add(Bucket& bucket, const Entry& entry) {
  Block* block = bucket.blocks;
  if (block == nullptr || block->count == kBlockEntries) {
    block = NewBlock();
    block->next = std::exchange(bucket.blocks, block);
  }
  block->entries[block->count++] = entry;
  ++bucket.count;
}

EventQueue::Block* EventQueue::NewBlock() {
  if (free_blocks_ == nullptr) return &blocks_.emplace_back();
  Block* block = std::exchange(free_blocks_, free_blocks_->next);
  block->count = 0;
  return block;
}

void EventQueue::FreeBlock(Block* block) {
  block->next = std::exchange(free_blocks_, block);
}

void EventQueue::Drop(const Entry& entry) {
  free_slots_.push_back(entry.slot);
  --cancelled_;
}

}  // namespace ebbrt::platform
