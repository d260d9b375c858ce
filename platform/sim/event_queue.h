// The simulator's queue: what happens next, in virtual time.
//
// Events are keyed by (time, rank, sequence): what has an equal time comes in
// order of rank, and what has an equal rank in the order in which it was
// scheduled. So a history depends on nothing but what was scheduled.
//
// What comes soon stands in order, what comes later need not, yet:
//
//   front              buckets, each before the next
//   |a b c d e f ...|  | i g h |  | l k m j |  ...  | all that comes later |
//    next                in themselves in no order
//
// When the front runs low, the earliest bucket is sorted into it; a large one
// is split first, by keys that are sampled from it. So an event is moved a few
// times, from one stream of memory to another, which a processor's caches like
// better than the paths of a heap. And what happens next but one, and so on, is
// known in advance: it can be fetched before it is needed (Ahead).
//
// An event that is cancelled leaves its entry behind, which is dropped when it
// comes to the front, or when entries without events are the majority.
//
// It is a library of its own and needs neither the platform nor SimGrid.
//
// Cores: one host thread. Ownership: events are the caller's, and outlive
// their time in the queue. Blocks: never. Allocates: blocks of entries, which
// it keeps. Bound: kSequencesMax schedulings. Units: Time.
// Cost: Schedule, Cancel and Pop O(log n), amortised, as long as samples tell
// of the whole; next_time O(1).
// Source: Tang, Goh, Thng, "Ladder queue: an O(1) priority queue structure for
// large-scale discrete event simulation", ACM TOMACS 15(3), 2005; Frazer,
// McKellar, "Samplesort", Journal of the ACM 17(3), 1970.
#ifndef EBBRT_PLATFORM_SIM_EVENT_QUEUE_H_
#define EBBRT_PLATFORM_SIM_EVENT_QUEUE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
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
  Time time_{};
  uint32_t slot_ = kNone;
  const bool is_action_;
};

// One that knows itself what happens then.
class SimAction : public SimEvent {
 public:
  SimAction() : SimEvent(true) {}
  // It is no longer scheduled, and may be destroyed from within.
  virtual void Happen(Time now) = 0;
  // It happens soon: has the processor fetch what Happen will need. Called for
  // steps 0 to kFetchSteps - 1, each nearer than the one before, so that a step
  // may read what the one before has fetched. A hint: it changes nothing, and
  // may be called more often, or never.
  virtual void Fetch(int /*step*/) const {}

  static constexpr int kFetchSteps = 4;

 protected:
  ~SimAction() = default;
};

class EventQueue {
 public:
  // How many events one queue can take in its life: years of them.
  static constexpr uint64_t kSequencesMax = uint64_t{1} << 48;
  // At one time.
  static constexpr size_t kEventsMax = uint64_t{1} << 31;
  // How many events are known in advance, if there are as many.
  static constexpr size_t kAheadMin = 32;

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

  // The event that comes after the next `count`, as it looks at present; null
  // if there is none, or that is not known yet.
  SimEvent* Ahead(size_t count) const {
    size_t place = head_ + count;
    return place < tail_ ? slots_[front_[place].slot] : nullptr;
  }

  bool empty() const { return head_ == tail_; }
  size_t size() const { return size_; }
  // When the next event happens; kTimeNever if there is none.
  Time next_time() const { return empty() ? kTimeNever : next_time_; }
  // REQUIRES: event.scheduled().
  Time time_of(const SimEvent& event) const { return event.time_; }

  // Cancels all.
  void Clear();

 private:
  // The front is given half of what it holds back to a bucket when it is full.
  static constexpr size_t kFrontMax = 256;
  static constexpr size_t kBlockEntries = 64;
  // A bucket that is split gives so many at most, and each about so many events
  // at least, of which so many are sampled.
  static constexpr size_t kPartsMax = 32;
  static constexpr size_t kPartEvents = 32;
  static constexpr size_t kSamplesPerPart = 4;
  // Entries without events that are not worth a search for them.
  static constexpr size_t kCancelledMin = 1024;
  static_assert(kAheadMin + kBlockEntries <= kFrontMax);
  static_assert(kSamplesPerPart <= kPartEvents);

  // The time, then the rank, then the sequence, which no two have in common.
  using Key = unsigned __int128;

  struct Entry {
    uint64_t time;   // In the order of numbers without a sign.
    uint64_t order;  // The rank in the upper 16 bits, then the sequence.
    uint32_t slot;
    Key key() const { return Key{time} << 64 | order; }
  };
  struct Before {
    bool operator()(const Entry& a, const Entry& b) const {
      return a.key() < b.key();
    }
  };

  struct Block {
    Block* next = nullptr;
    size_t count = 0;
    std::array<Entry, kBlockEntries> entries;
  };

  // Entries whose keys are at least `begin`, and before that of the bucket that
  // follows. All blocks but the first are full.
  struct Bucket {
    Key begin;
    Block* blocks = nullptr;
    size_t count = 0;
  };

  Block* NewBlock();
  void FreeBlock(Block* block);
  void Add(Bucket& bucket, const Entry& entry);
  // The bucket that a key belongs in. REQUIRES: the key does not belong in the
  // front.
  Bucket& BucketOf(Key key);

  bool is_live(const Entry& entry) const {
    return slots_[entry.slot] != nullptr;
  }
  // Has the event's entry be one without an event.
  void Forget(SimEvent& event);
  // Such an entry goes.
  void Drop(const Entry& entry);
  void InsertIntoFront(const Entry& entry);
  // Gives the later half of the front to a bucket.
  void SpillFront();
  // Restores what is said of the front below.
  void Settle();
  // Moves the earliest bucket to the front, or splits it.
  void TakeBucket();
  void SortIntoFront(const Bucket& bucket);
  void Split(const Bucket& bucket);
  // Drops entries without events from the buckets.
  void DropCancelled();

  // Invariants: 1. The first entry of the front is the next event's, whose time
  // is next_time_; the front is empty only if there is no event. 2. The front
  // is in order and before the earliest bucket. 3. Buckets stand latest first.
  // 4. slots_ has the event of an entry, or null after Cancel, until the entry
  // is dropped; the event has its slot, and its time. A free slot is null.
  std::array<Entry, kFrontMax> front_;
  size_t head_ = 0;
  size_t tail_ = 0;
  Time next_time_{};
  std::vector<Bucket> buckets_;
  std::vector<SimEvent*> slots_;
  std::vector<uint32_t> free_slots_;
  size_t size_ = 0;
  size_t cancelled_ = 0;  // Entries without events.
  uint64_t sequence_ = 0;
  std::deque<Block> blocks_;  // All that there are.
  Block* free_blocks_ = nullptr;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_EVENT_QUEUE_H_
