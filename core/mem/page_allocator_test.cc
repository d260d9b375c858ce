#include "core/mem/page_allocator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "core/mem/test_page_source.h"
#include "core/testing/run_on_cores.h"

namespace ebbrt::mem {
namespace {

// A page allocator of the test's own, which must end with nothing in use.
class PageAllocatorTest : public ::testing::Test {
 protected:
  ~PageAllocatorTest() override { pages_.Release(); }

  Granule* Allocate(uint32_t count, uint32_t alignment = 1) {
    bool zeroed;
    return pages_.Allocate(count, alignment, 0, zeroed);
  }

  TestPageSource source_;
  PageAllocator pages_{source_};
};

// What a run holds while it is in use, so that an overlap shows.
struct MarkedRun {
  Granule* head;
  uint64_t mark;
};

void Mark(PageAllocator& pages, const MarkedRun& run) {
  auto* words = static_cast<uint64_t*>(pages.AddressOf(run.head));
  size_t step = kGranuleBytes / sizeof(uint64_t);
  for (size_t i = 0; i < run.head->run_granules; ++i) {
    words[i * step] = run.mark;
  }
}

bool HasMark(PageAllocator& pages, const MarkedRun& run) {
  auto* words = static_cast<uint64_t*>(pages.AddressOf(run.head));
  size_t step = kGranuleBytes / sizeof(uint64_t);
  for (size_t i = 0; i < run.head->run_granules; ++i) {
    if (words[i * step] != run.mark) return false;
  }
  return true;
}

TEST_F(PageAllocatorTest, RunsDoNotOverlap) {
  std::mt19937_64 random(ebbrt::testing::Seed());
  std::vector<MarkedRun> runs;
  for (int i = 0; i < 5000; ++i) {
    if (runs.empty() || random() % 2 == 0) {
      // Few are large: on a machine of its own all of it is memory.
      Granule* head = Allocate(1 + random() % (random() % 16 == 0 ? 300 : 40));
      ASSERT_NE(head, nullptr);
      runs.push_back({head, random()});
      Mark(pages_, runs.back());
      continue;
    }
    size_t victim = random() % runs.size();
    ASSERT_TRUE(HasMark(pages_, runs[victim]));
    if (runs[victim].head->run_granules > 1 && random() % 3 == 0) {
      pages_.Shrink(runs[victim].head,
                    1 + random() % runs[victim].head->run_granules);
      continue;
    }
    pages_.Free(runs[victim].head);
    runs[victim] = runs.back();
    runs.pop_back();
  }
  size_t in_use_granules = 0;
  for (const MarkedRun& run : runs) {
    EXPECT_TRUE(HasMark(pages_, run));
    in_use_granules += run.head->run_granules;
  }
  EXPECT_EQ(pages_.Statistics().in_use_bytes, in_use_granules * kGranuleBytes);
  for (const MarkedRun& run : runs) pages_.Free(run.head);
  pages_.Trim();
  EXPECT_EQ(pages_.Statistics().committed_bytes, 0u);
}

TEST_F(PageAllocatorTest, FreeNeighboursMerge) {
  // Only when everything has merged again does the second run of 64 MiB fit
  // where the small ones were.
  constexpr uint32_t kGranules = 4096;
  Granule* whole = Allocate(kGranules);
  ASSERT_NE(whole, nullptr);
  void* address = pages_.AddressOf(whole);
  pages_.Free(whole);
  std::vector<Granule*> small;
  for (uint32_t i = 0; i < kGranules; ++i) small.push_back(Allocate(1));
  for (Granule* run : small) pages_.Free(run);
  pages_.Trim();
  Granule* again = Allocate(kGranules);
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(pages_.AddressOf(again), address);
  pages_.Free(again);
}

TEST_F(PageAllocatorTest, AlignsRuns) {
  std::vector<Granule*> runs;
  for (uint32_t alignment = 1; alignment <= 4096; alignment *= 2) {
    runs.push_back(Allocate(3, alignment));
    ASSERT_NE(runs.back(), nullptr);
    auto address = reinterpret_cast<uintptr_t>(pages_.AddressOf(runs.back()));
    EXPECT_EQ(address % (alignment * kGranuleBytes), 0u);
  }
  for (Granule* run : runs) pages_.Free(run);
}

TEST_F(PageAllocatorTest, SaysWhenMemoryIsZero) {
  bool zeroed;
  Granule* run = pages_.Allocate(200, 1, 0, zeroed);
  ASSERT_NE(run, nullptr);
  ASSERT_TRUE(zeroed);
  auto* bytes = static_cast<unsigned char*>(pages_.AddressOf(run));
  for (size_t i = 0; i < 200 * kGranuleBytes; ++i) ASSERT_EQ(bytes[i], 0);
  std::memset(bytes, 1, 200 * kGranuleBytes);
  pages_.Free(run);
  run = pages_.Allocate(200, 1, 0, zeroed);
  ASSERT_NE(run, nullptr);
  EXPECT_FALSE(zeroed);
  pages_.Free(run);
}

TEST_F(PageAllocatorTest, GivesMemoryBack) {
  std::vector<Granule*> runs;
  for (int i = 0; i < 256; ++i) runs.push_back(Allocate(64));  // 1 MiB each.
  EXPECT_GE(pages_.Statistics().committed_bytes, 256 * kMiB);
  for (Granule* run : runs) pages_.Free(run);
  EXPECT_LE(pages_.Statistics().committed_bytes, PageArena::kRetainedBytesMin);
  EXPECT_GE(source_.decommitted_bytes(),
            256 * kMiB - PageArena::kRetainedBytesMin);
}

TEST_F(PageAllocatorTest, RefusesWhatIsTooLarge) {
  EXPECT_EQ(Allocate(~0u), nullptr);
  EXPECT_EQ(Allocate(0), nullptr);
  EXPECT_EQ(Allocate(1, 1u << 31), nullptr);
}

// Some runs; null at the first that is refused. Frees them all.
bool RunWorkload(PageAllocator& pages) {
  constexpr uint32_t kRuns = 32;  // Of 160 MiB together.
  std::vector<Granule*> runs;
  runs.reserve(kRuns);
  bool complete = true;
  for (uint32_t i = 0; i < kRuns && complete; ++i) {
    bool zeroed;
    Granule* run = pages.Allocate(1 + i * i, 1 + i % 2 * 255, 0, zeroed);
    complete = run != nullptr;
    if (complete) runs.push_back(run);
  }
  for (Granule* run : runs) pages.Free(run);
  return complete;
}

TEST_F(PageAllocatorTest, SurvivesARefusalAtEveryCommit) {
  uint64_t refusals = 0;
  for (uint64_t k = 1;; ++k) {
    pages_.Trim();
    source_.Refuse(k, TestPageSource::kNever);
    bool complete = RunWorkload(pages_);
    ASSERT_EQ(pages_.Statistics().in_use_bytes, 0u);
    ASSERT_EQ(complete, !source_.refused_any());
    if (complete) break;
    ++refusals;
  }
  EXPECT_GT(refusals, 10u);
  pages_.Trim();
  EXPECT_EQ(pages_.Statistics().committed_bytes, 0u);
}

TEST_F(PageAllocatorTest, AddsAQuarterOfWhatItHasUpToAChunk) {
  constexpr size_t kChunkBytes = PageArena::kChunkGranules * kGranuleBytes;
  std::vector<Granule*> runs;
  constexpr size_t kFirstBytes =
      PageArena::kFirstCommitGranules * kGranuleBytes;
  size_t expected = kFirstBytes;
  while (pages_.Statistics().committed_bytes < 8 * kChunkBytes) {
    runs.push_back(Allocate(1));
    ASSERT_NE(runs.back(), nullptr);
    size_t committed = pages_.Statistics().committed_bytes;
    ASSERT_EQ(committed, expected);
    if (runs.size() * kGranuleBytes < committed) continue;
    expected += std::clamp(std::bit_floor(committed / 4), kFirstBytes,
                           kChunkBytes);
  }
  for (Granule* run : runs) pages_.Free(run);
}

TEST_F(PageAllocatorTest, CommitsJustWhatIsAskedForWhereAChunkIsRefused) {
  source_.Refuse(2, 2);  // The first is for descriptors.
  Granule* run = Allocate(1);
  ASSERT_NE(run, nullptr);
  EXPECT_EQ(pages_.Statistics().committed_bytes, kGranuleBytes);
  pages_.Free(run);
}

}  // namespace
}  // namespace ebbrt::mem
