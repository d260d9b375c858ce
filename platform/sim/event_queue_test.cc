#include "platform/sim/event_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <tuple>
#include <vector>

#include "core/base/random.h"
#include "core/base/types.h"
#include "core/testing/seed.h"

namespace ebbrt::platform {
namespace {

Time At(int64_t ns) { return Time(Duration(ns)); }

TEST(EventQueue, IsEmptyAtFirst) {
  EventQueue queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.next_time(), kTimeNever);
  EXPECT_EQ(queue.Pop(), nullptr);
}

TEST(EventQueue, GivesTheEarliestFirst) {
  EventQueue queue;
  SimEvent a, b, c;
  queue.Schedule(a, At(30));
  queue.Schedule(b, At(10));
  queue.Schedule(c, At(20));
  EXPECT_EQ(queue.next_time(), At(10));
  EXPECT_EQ(queue.Pop(), &b);
  EXPECT_FALSE(b.scheduled());
  EXPECT_EQ(queue.Pop(), &c);
  EXPECT_EQ(queue.Pop(), &a);
  EXPECT_EQ(queue.Pop(), nullptr);
}

TEST(EventQueue, OrdersEqualTimesByRankThenBySequence) {
  EventQueue queue;
  SimEvent last, first, second, third;
  queue.Schedule(last, At(5), 65535);
  queue.Schedule(second, At(5), 1);
  queue.Schedule(third, At(5), 1);
  queue.Schedule(first, At(5));
  EXPECT_EQ(queue.Pop(), &first);
  EXPECT_EQ(queue.Pop(), &second);
  EXPECT_EQ(queue.Pop(), &third);
  EXPECT_EQ(queue.Pop(), &last);
}

TEST(EventQueue, MovesWhatIsScheduledAgain) {
  EventQueue queue;
  SimEvent a, b;
  queue.Schedule(a, At(1));
  queue.Schedule(b, At(2));
  queue.Schedule(a, At(3));
  EXPECT_EQ(queue.size(), 2u);
  EXPECT_EQ(queue.time_of(a), At(3));
  EXPECT_EQ(queue.Pop(), &b);
  EXPECT_EQ(queue.Pop(), &a);
}

TEST(EventQueue, CancelsOnceOrAll) {
  EventQueue queue;
  SimEvent a, b;
  queue.Cancel(a);
  queue.Schedule(a, At(1));
  queue.Schedule(b, At(2));
  queue.Cancel(a);
  queue.Cancel(a);
  EXPECT_EQ(queue.size(), 1u);
  queue.Clear();
  EXPECT_FALSE(b.scheduled());
  EXPECT_TRUE(queue.empty());
}

TEST(EventQueue, ForgetsWhatIsMovedOrCancelledOverAndOver) {
  // What is left behind is dropped on the way, and the order holds.
  EventQueue queue;
  std::vector<SimEvent> far(1000);
  SimEvent moves;
  for (int64_t i = 0; i < 1000; ++i) queue.Schedule(far[i], At(1000 + i));
  for (int64_t i = 0; i < 100000; ++i) queue.Schedule(moves, At(3000 + i % 7));
  for (SimEvent& event : far) queue.Cancel(event);
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_EQ(queue.next_time(), queue.time_of(moves));
  EXPECT_EQ(queue.Pop(), &moves);
  EXPECT_TRUE(queue.empty());
}

TEST(EventQueue, KnowsWhatComesAhead) {
  constexpr size_t kEvents = 10 * EventQueue::kAheadMin;
  EventQueue queue;
  std::vector<SimEvent> events(kEvents);
  EXPECT_EQ(queue.Ahead(0), nullptr);
  for (size_t i = 0; i < kEvents; ++i) {
    // Not in order: 7 and their number have no divisor in common.
    size_t index = i * 7 % kEvents;
    queue.Schedule(events[index], At(static_cast<int64_t>(index)));
  }
  for (size_t i = 0; i < kEvents; ++i) {
    for (size_t ahead = 0; ahead < EventQueue::kAheadMin; ++ahead) {
      SimEvent* expected = i + ahead < kEvents ? &events[i + ahead] : nullptr;
      ASSERT_EQ(queue.Ahead(ahead), expected) << i << " " << ahead;
    }
    ASSERT_EQ(queue.Pop(), &events[i]);
  }
}

// What a queue has to agree with: the events, by what they are ordered by.
class Reference {
 public:
  explicit Reference(size_t count) : events_(count), keys_(count) {
    for (size_t i = 0; i < count; ++i) events_[i].index = i;
  }

  // Moves or schedules one of the events, in both.
  void Schedule(size_t index, Time time, uint16_t rank) {
    queue_.Schedule(events_[index], time, rank);
    Forget(index);
    keys_[index] = {time, rank, ++sequence_, index};
    model_.insert(keys_[index]);
    EXPECT_EQ(queue_.time_of(events_[index]), time);
  }
  void Cancel(size_t index) {
    queue_.Cancel(events_[index]);
    Forget(index);
  }
  void Pop() {
    auto* popped = static_cast<Numbered*>(queue_.Pop());
    ASSERT_EQ(popped == nullptr, model_.empty());
    if (popped == nullptr) return;
    ASSERT_EQ(popped->index, std::get<3>(*model_.begin()));
    ASSERT_FALSE(popped->scheduled());
    Forget(popped->index);
  }
  void Check() {
    ASSERT_EQ(queue_.size(), model_.size());
    ASSERT_EQ(queue_.next_time(), now());
    // Ahead are the next ones in their order, and nothing where one was
    // cancelled.
    auto next = model_.begin();
    for (size_t i = 0; i < EventQueue::kAheadMin; ++i) {
      auto* event = static_cast<Numbered*>(queue_.Ahead(i));
      if (event == nullptr) continue;
      ASSERT_EQ(event->index, std::get<3>(*next++));
    }
  }
  Time now() const {
    return model_.empty() ? kTimeNever : std::get<0>(*model_.begin());
  }

 private:
  struct Numbered : SimEvent {
    size_t index;
  };
  using Key = std::tuple<Time, uint16_t, uint64_t, size_t>;

  void Forget(size_t index) { model_.erase(keys_[index]); }

  std::vector<Numbered> events_;
  EventQueue queue_;
  std::set<Key> model_;
  std::vector<Key> keys_;
  uint64_t sequence_ = 0;
};

// So many events, whose times lie so close.
class EventQueueOf
    : public ::testing::TestWithParam<std::tuple<size_t, uint64_t>> {};

TEST_P(EventQueueOf, AgreesWithASortedSet) {
  const auto [count, span] = GetParam();
  Random random(testing::Seed());
  Reference reference(count);
  // Grows, shrinks, is moved about, by turns; now and then what is scheduled
  // comes before all.
  const uint64_t steps = 20000 + 10 * count;
  uint64_t pops = 0;
  for (uint64_t step = 0; step < steps; ++step) {
    if (step % (count * 2) == 0) pops = 1 + random.Below(7);
    uint64_t choice = random.Below(9);
    if (choice == 8) {
      reference.Cancel(random.Below(count));
    } else if (choice < pops) {
      reference.Pop();
    } else {
      Time base = reference.now() == kTimeNever ? At(0) : reference.now();
      if (random.Below(16) == 0) base -= Duration(span / 2);
      reference.Schedule(random.Below(count),
                         base + Duration(random.Below(span)),
                         static_cast<uint16_t>(random.Below(3)));
    }
    reference.Check();
    if (HasFatalFailure()) return;
  }
}
INSTANTIATE_TEST_SUITE_P(
    Sizes, EventQueueOf,
    ::testing::Combine(::testing::Values(3, 200, 5000),
                       ::testing::Values(1, 50, 100000)));

}  // namespace
}  // namespace ebbrt::platform
