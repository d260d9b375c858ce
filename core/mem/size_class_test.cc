#include "core/mem/size_class.h"

#include <gtest/gtest.h>

namespace ebbrt::mem {
namespace {

TEST(SizeClass, EachSizeGetsTheSmallestClassThatHoldsIt) {
  for (size_t bytes = 0; bytes <= kSmallBytesMax; ++bytes) {
    SizeClass size_class = ComputeSizeClass(bytes);
    ASSERT_GT(size_class, kNoSizeClass);
    ASSERT_LT(size_class, kSizeClasses);
    ASSERT_GE(ObjectBytes(size_class), bytes);
    if (size_class > 1) {
      ASSERT_LT(ObjectBytes(size_class - 1), bytes);
    }
  }
  EXPECT_EQ(ObjectBytes(kSizeClasses - 1), kSmallBytesMax);
}

TEST(SizeClass, TheTableSaysTheSame) {
  for (size_t bytes = 0; bytes <= internal::kTableBytesMax; ++bytes) {
    ASSERT_EQ(LookUpSizeClass(bytes), ComputeSizeClass(bytes)) << bytes;
  }
}

TEST(SizeClass, IsAConstantForAConstantSize) {
  static_assert(ComputeSizeClass(64) == 5);
  static_assert(ObjectBytes(ComputeSizeClass(sizeof(void*))) == 8);
}

TEST(SizeClass, WastesAtMostAFifthBeyond128Bytes) {
  for (size_t bytes = 129; bytes <= kSmallBytesMax; ++bytes) {
    size_t waste = ObjectBytes(ComputeSizeClass(bytes)) - bytes;
    ASSERT_LE(waste * 5, ObjectBytes(ComputeSizeClass(bytes))) << bytes;
  }
}

TEST(SizeClass, SlabsHoldEightObjectsAtLeastAndWasteLittle) {
  for (SizeClass i = 1; i < kSizeClasses; ++i) {
    size_t slab_bytes = SlabGranules(i) * kGranuleBytes;
    size_t used_bytes = SlabObjects(i) * ObjectBytes(i);
    EXPECT_GE(SlabObjects(i), 8u);
    EXPECT_LE(used_bytes, slab_bytes);
    EXPECT_LE((slab_bytes - used_bytes) * 12, slab_bytes) << ObjectBytes(i);
    if (i > 1) {
      EXPECT_EQ(ObjectBytes(i) % 16, 0u);
    }
  }
}

}  // namespace
}  // namespace ebbrt::mem
