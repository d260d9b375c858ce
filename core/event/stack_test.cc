#include "core/event/stack.h"

#include <gtest/gtest.h>

#include "core/testing/run_on_cores.h"

namespace ebbrt {
namespace {

TEST(StackPool, HandsOutTheOneUsedLast) {
  testing::RunOnCores(1, [] {
    StackPool pool;
    Stack* const first = pool.Take();
    Stack* const second = pool.Take();
    ASSERT_NE(first, nullptr);
    ASSERT_NE(second, nullptr);
    EXPECT_NE(first, second);
    pool.Give(first);
    pool.Give(second);
    EXPECT_EQ(pool.Take(), second);
    EXPECT_EQ(pool.Take(), first);
    pool.Give(first);
    pool.Give(second);
  });
}

TEST(StackPool, LeavesItsStacksToLaterOnes) {
  testing::RunOnCores(1, [] {
    Stack* left = nullptr;
    {
      StackPool ended;
      left = ended.Take();
      ASSERT_NE(left, nullptr);
      ended.Give(left);
    }
    StackPool later;
    EXPECT_EQ(later.Take(), left);
    later.Give(left);
  });
}

}  // namespace
}  // namespace ebbrt
