#include "core/mem/heap.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "core/mem/test_page_source.h"
#include "core/testing/run_on_cores.h"

namespace ebbrt::mem {
namespace {

// Two heaps, held as cores hold theirs, over pages of the test's own.
class HeapTest : public ::testing::Test {
 protected:
  HeapTest() {
    a_.Lock();
    b_.Lock();
  }
  ~HeapTest() override {
    // Two rounds, because a batch may come home from the other heap.
    for (int i = 0; i < 2; ++i) {
      a_.Trim();
      b_.Trim();
      common_.Lock();
      common_.Trim();
      common_.Unlock();
    }
    EXPECT_EQ(pages_.Statistics().in_use_bytes, 0u);
    pages_.Release();
  }

  void Free(Heap& heap, void* object) {
    heap.Free(pages_.GranuleOf(object), object);
  }
  size_t in_use_bytes() { return pages_.Statistics().in_use_bytes; }

  TestPageSource source_;
  PageAllocator pages_{source_};
  Heap common_{pages_, nullptr, 0};
  Heap a_{pages_, &common_, 0};
  Heap b_{pages_, &common_, 0};
};

constexpr SizeClass kClass64 = ComputeSizeClass(64);

TEST_F(HeapTest, ReusesWhatWasFreedLast) {
  void* first = a_.Allocate(kClass64);
  Free(a_, first);
  EXPECT_EQ(a_.Allocate(kClass64), first);
  Free(a_, first);
}

TEST_F(HeapTest, ObjectsOfEveryClassAreDistinctAndAligned) {
  std::mt19937_64 random(ebbrt::testing::Seed());
  struct Object {
    unsigned char* bytes;
    SizeClass size_class;
    unsigned char mark;
  };
  std::vector<Object> objects;
  auto intact = [](const Object& object) {
    return object.bytes[0] == object.mark &&
           object.bytes[ObjectBytes(object.size_class) - 1] == object.mark;
  };
  for (int i = 0; i < 200'000; ++i) {
    if (objects.empty() || random() % 1000 < 505) {
      SizeClass size_class = 1 + random() % (kSizeClasses - 1);
      auto* bytes = static_cast<unsigned char*>(a_.Allocate(size_class));
      ASSERT_NE(bytes, nullptr);
      ASSERT_EQ(reinterpret_cast<uintptr_t>(bytes) %
                    (size_class == 1 ? 8 : 16), 0u);
      objects.push_back(
          {bytes, size_class, static_cast<unsigned char>(random())});
      std::memset(bytes, objects.back().mark, ObjectBytes(size_class));
    } else {
      size_t victim = random() % objects.size();
      ASSERT_TRUE(intact(objects[victim]));
      Free(random() % 4 == 0 ? b_ : a_, objects[victim].bytes);
      objects[victim] = objects.back();
      objects.pop_back();
    }
  }
  for (const Object& object : objects) {
    ASSERT_TRUE(intact(object));
    Free(a_, object.bytes);
  }
}

TEST_F(HeapTest, GivesEmptySlabsBackWhileItRuns) {
  std::vector<void*> objects;
  for (int i = 0; i < 1'000'000; ++i) objects.push_back(a_.Allocate(kClass64));
  EXPECT_GE(in_use_bytes(), 64'000'000u);
  for (void* object : objects) Free(a_, object);
  // Beyond the bound on empty slabs a few are pinned by objects in the bin.
  EXPECT_LE(in_use_bytes(), Heap::kEmptyBytesMax + 8 * kMiB);
}

TEST_F(HeapTest, ObjectsFreedElsewhereComeHome) {
  std::vector<void*> objects;
  for (int i = 0; i < 100'000; ++i) objects.push_back(a_.Allocate(kClass64));
  for (void* object : objects) Free(b_, object);
  const size_t before = in_use_bytes();
  // What b freed serves a's next requests: no new slab is needed.
  for (void*& object : objects) object = a_.Allocate(kClass64);
  EXPECT_LE(in_use_bytes(), before + 2 * kMiB);
  for (void* object : objects) Free(a_, object);
}

TEST_F(HeapTest, AHeapThatNobodyHoldsFreesAtOnce) {
  std::vector<void*> objects;
  for (int i = 0; i < 100'000; ++i) objects.push_back(a_.Allocate(kClass64));
  a_.Unlock();
  for (void* object : objects) Free(b_, object);
  EXPECT_LE(in_use_bytes(), Heap::kEmptyBytesMax + 8 * kMiB);
  a_.Lock();
}

TEST_F(HeapTest, PassesPartialSlabsOnToOtherHeaps) {
  // One object of each slab stays; so all slabs are partial, more of them
  // than a keeps.
  const uint32_t per_slab = SlabObjects(kClass64);
  std::vector<void*> kept, freed;
  for (uint32_t i = 0; i < 4 * Heap::kPartialSlabsMax * per_slab; ++i) {
    (i % per_slab == 0 ? kept : freed).push_back(a_.Allocate(kClass64));
  }
  for (void* object : freed) Free(a_, object);
  const size_t before = in_use_bytes();
  // b is served from what a passed on.
  std::vector<void*> others;
  for (uint32_t i = 0; i < Heap::kPartialSlabsMax * per_slab; ++i) {
    others.push_back(b_.Allocate(kClass64));
  }
  EXPECT_LE(in_use_bytes(), before + kMiB);
  for (void* object : others) Free(b_, object);
  for (void* object : kept) Free(a_, object);
}

// A mixture that also frees on the other heap; false where memory was refused.
bool RunWorkload(Heap& a, Heap& b, PageAllocator& pages) {
  std::vector<void*> objects;
  objects.reserve(20'000);
  bool complete = true;
  for (uint32_t i = 0; i < 20'000 && complete; ++i) {
    void* object = a.Allocate(1 + i % 30);
    complete = object != nullptr;
    if (complete) objects.push_back(object);
  }
  for (size_t i = 0; i < objects.size(); ++i) {
    Heap& heap = i % 2 == 0 ? a : b;
    heap.Free(pages.GranuleOf(objects[i]), objects[i]);
  }
  return complete;
}

TEST_F(HeapTest, SurvivesARefusalAtEveryCommit) {
  uint64_t refusals = 0;
  for (uint64_t k = 1;; ++k) {
    for (int i = 0; i < 2; ++i) {
      a_.Trim();
      b_.Trim();
    }
    ASSERT_EQ(in_use_bytes(), 0u) << "leaked, refusal " << k - 1;
    pages_.Trim();
    source_.Refuse(k, TestPageSource::kNever);
    bool complete = RunWorkload(a_, b_, pages_);
    if (complete && !source_.refused_any()) break;
    ++refusals;
  }
  EXPECT_GT(refusals, 5u);
  source_.Refuse(TestPageSource::kNever, TestPageSource::kNever);
}

TEST_F(HeapTest, WaitsForNoMemoryToFreeElsewhere) {
  // With every commit refused b has no batch to put a's objects into.
  std::vector<void*> objects;
  for (int i = 0; i < 10'000; ++i) objects.push_back(a_.Allocate(kClass64));
  source_.Refuse(1, TestPageSource::kNever);
  for (void* object : objects) Free(b_, object);
  // All but what is in the bin of b has come home nevertheless.
  objects.resize(objects.size() - Heap::kBinObjectsMax);
  for (void*& object : objects) {
    object = a_.Allocate(kClass64);
    ASSERT_NE(object, nullptr);
  }
  source_.Refuse(TestPageSource::kNever, TestPageSource::kNever);
  for (void* object : objects) Free(a_, object);
}

}  // namespace
}  // namespace ebbrt::mem
