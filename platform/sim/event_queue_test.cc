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

TEST(EventQueue, AgreesWithASortedSet) {
  Random random(testing::Seed());
  struct Numbered : SimEvent {
    size_t index;
  };
  std::vector<std::unique_ptr<Numbered>> events;
  for (size_t i = 0; i < 200; ++i) {
    events.push_back(std::make_unique<Numbered>());
    events.back()->index = i;
  }
  EventQueue queue;
  using Key = std::tuple<Time, uint16_t, uint64_t, size_t>;
  std::set<Key> model;
  std::vector<std::set<Key>::iterator> keys(events.size(), model.end());
  auto forget = [&](size_t index) {
    if (keys[index] != model.end()) model.erase(keys[index]);
    keys[index] = model.end();
  };
  for (uint64_t step = 0; step < 100000; ++step) {
    size_t index = random.Below(events.size());
    switch (random.Below(4)) {
      case 0:
        queue.Cancel(*events[index]);
        forget(index);
        break;
      case 1: {
        auto* popped = static_cast<Numbered*>(queue.Pop());
        ASSERT_EQ(popped == nullptr, model.empty());
        if (popped == nullptr) break;
        ASSERT_EQ(popped->index, std::get<3>(*model.begin()));
        forget(popped->index);
        break;
      }
      default: {
        Time time = At(random.Below(50));
        uint16_t rank = random.Below(3);
        queue.Schedule(*events[index], time, rank);
        forget(index);
        keys[index] = model.insert({time, rank, step, index}).first;
      }
    }
    ASSERT_EQ(queue.size(), model.size());
    ASSERT_EQ(events[index]->scheduled(), keys[index] != model.end());
  }
}

}  // namespace
}  // namespace ebbrt::platform
