#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "core/base/intrusive_queue.h"
#include "core/base/spin_lock.h"
#include "core/base/unique_function.h"
#include "core/testing/require.h"

namespace ebbrt {
namespace {

struct Item : QueueLink<Item>, ListLink {
  explicit Item(int value_in) : value(value_in) {}
  int value;
};

TEST(IntrusiveQueue, IsFirstInFirstOut) {
  Item a(1), b(2), c(3);
  IntrusiveQueue<Item> queue;
  EXPECT_EQ(queue.PopFront(), nullptr);
  queue.PushBack(&a);
  queue.PushBack(&b);
  queue.PushFront(&c);
  EXPECT_EQ(queue.PopFront(), &c);
  EXPECT_EQ(queue.PopFront(), &a);
  EXPECT_EQ(queue.PopFront(), &b);
  EXPECT_TRUE(queue.empty());
}

TEST(IntrusiveQueue, AppendsToEmptyAndToFull) {
  Item a(1), b(2), c(3);
  IntrusiveQueue<Item> front, back;
  back.PushBack(&a);
  front.Append(std::move(back));
  EXPECT_TRUE(back.empty());
  back.PushBack(&b);
  back.PushBack(&c);
  front.Append(std::move(back));
  front.Append(IntrusiveQueue<Item>());
  EXPECT_EQ(front.PopFront(), &a);
  EXPECT_EQ(front.PopFront(), &b);
  EXPECT_EQ(front.PopFront(), &c);
  EXPECT_EQ(front.PopFront(), nullptr);
}

TEST(IntrusiveList, TakesElementsOutOfTheMiddle) {
  Item a(1), b(2), c(3);
  IntrusiveList<Item> list;
  list.PushBack(&a);
  list.PushBack(&b);
  list.PushFront(&c);
  b.Unlink();
  EXPECT_EQ(list.front(), &c);
  EXPECT_EQ(list.Next(&c), &a);
  EXPECT_EQ(list.Next(&a), nullptr);
  EXPECT_EQ(list.back(), &a);
  a.Unlink();
  EXPECT_EQ(list.PopFront(), &c);
  EXPECT_TRUE(list.empty());
  EXPECT_FALSE(a.linked());
}

TEST(IntrusiveList, InsertsInTheMiddleAndWalksBothWays) {
  Item a(1), b(2), c(3);
  IntrusiveList<Item> list;
  list.PushBack(&a);
  list.InsertAfter(&a, &c);
  list.InsertAfter(&a, &b);
  EXPECT_EQ(list.Next(&a), &b);
  EXPECT_EQ(list.back(), &c);
  EXPECT_EQ(list.Previous(&c), &b);
  EXPECT_EQ(list.Previous(&b), &a);
  EXPECT_EQ(list.Previous(&a), nullptr);
  while (list.PopFront() != nullptr) {
  }
}

TEST(MpscStack, GivesEachProducersElementsInOrder) {
  testing::RequireThreads(2);
  constexpr int kPerThread = 10000;
  std::vector<std::unique_ptr<Item>> items;
  for (int i = 0; i < 2 * kPerThread; ++i) {
    items.push_back(std::make_unique<Item>(i));
  }
  MpscStack<Item> stack;
  auto produce = [&](int first) {
    for (int i = 0; i < kPerThread; ++i) stack.Push(items[first + i].get());
  };
  std::thread one(produce, 0), two(produce, kPerThread);
  int last[2] = {-1, kPerThread - 1};
  for (int taken = 0; taken < 2 * kPerThread;) {
    IntrusiveQueue<Item> batch = stack.TakeAll();
    while (Item* item = batch.PopFront()) {
      int& previous = last[item->value >= kPerThread];
      EXPECT_EQ(item->value, previous + 1);
      previous = item->value;
      ++taken;
    }
  }
  one.join();
  two.join();
  EXPECT_TRUE(stack.empty());
}

TEST(SpinLock, Excludes) {
  testing::RequireThreads(2);
  SpinLock lock;
  int64_t count = 0;
  auto add = [&] {
    for (int i = 0; i < 20000; ++i) {
      lock.lock();
      ++count;
      lock.unlock();
    }
  };
  std::thread one(add), two(add);
  one.join();
  two.join();
  EXPECT_EQ(count, 40000);
}

TEST(UniqueFunction, KeepsSmallAndLargeCallables) {
  int calls = 0;
  UniqueFunction<int(int)> small = [&calls](int x) { return ++calls + x; };
  std::vector<int> big_capture(3, 7);
  struct {
    char bytes[200] = {};
  } filler;
  UniqueFunction<int(int)> large = [&calls, big_capture, filler](int x) {
    ++calls;
    return big_capture[2] + x + filler.bytes[5];
  };
  EXPECT_EQ(small(1), 2);
  EXPECT_EQ(large(1), 8);
  UniqueFunction<int(int)> moved = std::move(large);
  EXPECT_FALSE(large);
  EXPECT_EQ(moved(2), 9);
  EXPECT_EQ(calls, 3);
}

TEST(UniqueFunction, OwnsWhatItCaptures) {
  auto owned = std::make_shared<int>(5);
  std::weak_ptr<int> watch = owned;
  {
    UniqueFunction<int()> first = [unique = std::make_unique<int>(3),
                                   shared = std::move(owned)] {
      return *unique + *shared;
    };
    UniqueFunction<int()> second;
    second = std::move(first);
    EXPECT_EQ(second(), 8);
    EXPECT_FALSE(watch.expired());
  }
  EXPECT_TRUE(watch.expired());
}

TEST(UniqueFunctionDeathTest, CallingAnEmptyOneFailsACheck) {
  UniqueFunction<void()> empty;
  EXPECT_DEATH(empty(), "check failed");
}

}  // namespace
}  // namespace ebbrt
