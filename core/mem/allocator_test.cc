#include "core/mem/allocator.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "core/async/combinators.h"
#include "core/base/types.h"
#include "core/testing/run_on_cores.h"

namespace ebbrt::mem {
namespace {

using ebbrt::testing::RunOnCores;

// What is committed may vary by so much for reasons of the test's own, and of
// what other tests have left.
constexpr size_t kSlackBytes = 2 * kMiB;

size_t CommittedBytes() { return ReadStatistics().pages.committed_bytes; }

TEST(Allocator, SmallAndLargeObjectsHoldWhatTheyShould) {
  RunOnCores(1, [] {
    for (size_t bytes = 0; bytes < 300'000; bytes += 1 + bytes / 16) {
      auto* object = static_cast<unsigned char*>(Allocate(bytes));
      ASSERT_NE(object, nullptr);
      EXPECT_GE(UsableBytes(object), bytes);
      std::memset(object, 0xA5, UsableBytes(object));
      Free(object);
    }
  });
}

TEST(Allocator, AlignsAsAsked) {
  RunOnCores(1, [] {
    for (size_t alignment = 1; alignment <= 16 * kMiB; alignment *= 2) {
      for (size_t bytes : {size_t{0}, size_t{1}, size_t{100}, size_t{5000},
                           size_t{40'000}}) {
        void* object = AllocateAligned(bytes, alignment);
        ASSERT_NE(object, nullptr);
        EXPECT_EQ(reinterpret_cast<uintptr_t>(object) % alignment, 0u);
        EXPECT_GE(UsableBytes(object), bytes);
        Free(object);
      }
    }
    EXPECT_EQ(AllocateAligned(1, 2 * PageAllocator::kAlignmentMax), nullptr);
  });
}

TEST(Allocator, ZeroedMemoryIsZeroAlsoWhenUsedBefore) {
  RunOnCores(1, [] {
    for (size_t bytes : {size_t{24}, size_t{2000}, size_t{500'000}}) {
      for (int i = 0; i < 3; ++i) {
        auto* object = static_cast<unsigned char*>(AllocateZeroed(bytes));
        ASSERT_NE(object, nullptr);
        for (size_t j = 0; j < bytes; ++j) ASSERT_EQ(object[j], 0);
        std::memset(object, 0xFF, bytes);
        Free(object);
      }
    }
  });
}

TEST(Allocator, ReallocationKeepsTheContents) {
  RunOnCores(1, [] {
    std::mt19937_64 random(ebbrt::testing::Seed());
    unsigned char* object = nullptr;
    size_t held = 0;
    for (int i = 0; i < 2000; ++i) {
      size_t bytes = 1 + random() % (i % 2 == 0 ? 200 : 200'000);
      object = static_cast<unsigned char*>(Reallocate(object, bytes));
      ASSERT_NE(object, nullptr);
      for (size_t j = 0; j < std::min(held, bytes); ++j) {
        ASSERT_EQ(object[j], static_cast<unsigned char>(j * 7));
      }
      for (size_t j = 0; j < bytes; ++j) {
        object[j] = static_cast<unsigned char>(j * 7);
      }
      held = bytes;
    }
    Free(object);
  });
}

TEST(Allocator, ShrinkingALargeObjectGivesItsEndBack) {
  RunOnCores(1, [] {
    void* object = Allocate(100 * kMiB);
    ASSERT_NE(object, nullptr);
    const size_t in_use = ReadStatistics().large_bytes;
    EXPECT_EQ(Reallocate(object, 50 * kMiB), object);
    EXPECT_EQ(ReadStatistics().large_bytes, in_use - 50 * kMiB);
    Free(object);
  });
}

TEST(Allocator, RefusesWhatCannotBe) {
  RunOnCores(1, [] {
    EXPECT_EQ(Allocate(SIZE_MAX), nullptr);
    EXPECT_EQ(Allocate(SIZE_MAX - kGranuleBytes), nullptr);
    EXPECT_EQ(Allocate(kObjectBytesMax), nullptr);
    EXPECT_EQ(AllocateAligned(SIZE_MAX, 64), nullptr);
    EXPECT_EQ(AllocateZeroed(SIZE_MAX / 2), nullptr);
  });
}

TEST(Allocator, StatisticsCountObjects) {
  RunOnCores(1, [] {
    constexpr SizeClass kClass = ComputeSizeClass(3000);
    const Statistics before = ReadStatistics();
    std::vector<void*> objects(1000);
    for (void*& object : objects) object = Allocate(3000);
    void* large = Allocate(kMiB);
    const Statistics during = ReadStatistics();
    EXPECT_EQ(during.classes[kClass].objects_in_use,
              before.classes[kClass].objects_in_use + 1000);
    EXPECT_GE(during.classes[kClass].slab_bytes, 1000 * 3072u);
    EXPECT_EQ(during.large_bytes, before.large_bytes + kMiB);
    EXPECT_GE(during.bytes_in_use(), before.bytes_in_use() + 1000 * 3072);
    EXPECT_GE(during.pages.committed_bytes, during.bytes_in_use());
    for (void* object : objects) Free(object);
    Free(large);
    EXPECT_EQ(ReadStatistics().classes[kClass].objects_in_use,
              before.classes[kClass].objects_in_use);
  });
}

TEST(Allocator, GivesMemoryBackWithoutBeingAsked) {
  RunOnCores(1, [] {
    const size_t before = CommittedBytes();
    std::vector<void*> objects(1'000'000);
    for (void*& object : objects) object = Allocate(100);
    EXPECT_GE(CommittedBytes(), before + 95 * kMiB);
    for (void* object : objects) Free(object);
    EXPECT_LE(CommittedBytes(),
              before + PageArena::kRetainedBytesMin + Heap::kEmptyBytesMax +
                  objects.size() * sizeof(void*) + kSlackBytes);
  });
}

TEST(Allocator, TrimGivesEverythingBack) {
  RunOnCores(1, [] {
    Trim();
    const size_t before = CommittedBytes();
    std::vector<void*> objects(100'000);
    for (void*& object : objects) object = Allocate(100);
    for (void* object : objects) Free(object);
    objects = {};
    Trim();
    EXPECT_LE(CommittedBytes(), before + kSlackBytes);
  });
}

// Cores hand each other objects for a while; each object is checked when it is
// freed, wherever that is.
constexpr uint32_t kCores = 2;
constexpr size_t kMailboxes = 64;

struct Exchange {
  std::atomic<uint64_t*> mailboxes[kMailboxes] = {};
};

void ExchangeObjects(Exchange& exchange, uint64_t seed) {
  std::mt19937_64 random(seed);
  for (int i = 0; i < 200'000; ++i) {
    size_t words = 2 + random() % 100;
    auto* object = static_cast<uint64_t*>(Allocate(words * 8));
    ASSERT_NE(object, nullptr);
    object[0] = words;
    for (size_t j = 1; j < words; ++j) object[j] = words * j;
    uint64_t* other =
        exchange.mailboxes[random() % kMailboxes].exchange(object);
    if (other == nullptr) continue;
    for (size_t j = 1; j < other[0]; ++j) ASSERT_EQ(other[j], other[0] * j);
    Free(other);
  }
}

TEST(Allocator, ObjectsMayBeFreedOnAnyCore) {
  RunOnCores(kCores, [] {
    auto exchange = std::make_unique<Exchange>();
    std::vector<Future<void>> parts;
    for (uint32_t i = 0; i < kCores; ++i) {
      parts.push_back(Async(CoreId(i), [&exchange, i] {
        ExchangeObjects(*exchange, ebbrt::testing::Seed() + i);
      }));
    }
    EXPECT_TRUE(WhenAll(std::move(parts)).Block().ok());
    for (auto& mailbox : exchange->mailboxes) Free(mailbox.load());
  });
}

TEST(Allocator, ObjectsOutliveTheirNode) {
  std::vector<void*> objects(10'000);
  RunOnCores(kCores, [&] {
    for (void*& object : objects) object = Allocate(200);
  });
  RunOnCores(kCores, [&] {
    for (size_t i = 0; i < objects.size() / 2; ++i) Free(objects[i]);
  });
  // Off any core, with no node up.
  for (size_t i = objects.size() / 2; i < objects.size(); ++i) {
    Free(objects[i]);
  }
  Trim();
  constexpr SizeClass kClass = ComputeSizeClass(200);
  EXPECT_LT(ReadStatistics().classes[kClass].objects_in_use, 1000u);
}

TEST(AllocatorDeathTest, NoticesThatALargeObjectIsFreedTwice) {
  void* object = Allocate(kMiB);
  Free(object);
  EXPECT_DEATH(Free(object), "check failed");
}

TEST(AllocatorDeathTest, NoticesThatAForeignAddressIsFreed) {
  alignas(16) char bytes[64];
  void* address = bytes;
  // The compiler would notice, too.
  asm volatile("" : "+r"(address));
  EXPECT_DEATH(Free(address), "check failed");
}

}  // namespace
}  // namespace ebbrt::mem
