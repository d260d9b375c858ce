// Where a device sees memory: what it would read there is what we have written.
#include "platform/baremetal/devices/dma.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include "core/base/random.h"
#include "core/base/types.h"
#include "core/testing/seed.h"
#include "platform/current.h"

namespace ebbrt::platform {
namespace {

// Physical memory is mapped where it is, on the machine and for the drivers
// under test elsewhere.
std::vector<std::byte> ReadByDevice(DmaFinder& finder,
                                    std::span<const std::byte> data,
                                    uint32_t run_bytes_max) {
  std::vector<DmaRun> runs(data.size() / run_bytes_max +
                           data.size() / kDmaPageBytes + 2);
  const size_t count = finder.Runs(data, run_bytes_max, runs);
  std::vector<std::byte> read;
  for (const DmaRun& run : std::span(runs).first(count)) {
    EXPECT_GT(run.bytes, 0u);
    EXPECT_LE(run.bytes, run_bytes_max);
    const auto* from = reinterpret_cast<const std::byte*>(run.address);
    read.insert(read.end(), from, from + run.bytes);
  }
  return read;
}

bool IsSeen(DmaFinder& finder, std::span<const std::byte> data,
            uint32_t run_bytes_max = kDmaBytesMax) {
  const std::vector<std::byte> read =
      ReadByDevice(finder, data, run_bytes_max);
  return std::equal(read.begin(), read.end(), data.begin(), data.end());
}

TEST(DmaFinder, FindsEveryByte) {
  constexpr int kSpans = 300;
  Random random(testing::Seed());
  std::vector<std::byte> memory(5 * kMiB);
  for (std::byte& byte : memory) byte = static_cast<std::byte>(random());
  DmaFinder finder;
  EXPECT_TRUE(IsSeen(finder, {}));
  for (int i = 0; i < kSpans; ++i) {
    const size_t begin = random.Below(memory.size());
    const size_t bytes = 1 + random.Below(std::min<size_t>(
                                 memory.size() - begin, 64 * kKiB));
    const auto run_bytes_max = static_cast<uint32_t>(
        random.Chance(0.5) ? kDmaBytesMax : 1 + random.Below(8192));
    ASSERT_TRUE(
        IsSeen(finder, std::span(memory).subspan(begin, bytes), run_bytes_max));
  }
}

// A range of addresses, and what it reads as from when it has memory.
class Range {
 public:
  explicit Range(size_t bytes)
      : bytes_(bytes), memory_(Platform::ReservePages(bytes, kDmaBytesMax)) {}
  ~Range() { Platform::UnreservePages(memory_, bytes_); }
  Range(const Range&) = delete;
  Range& operator=(const Range&) = delete;

  void Commit(int value) {
    ASSERT_TRUE(Platform::CommitPages(memory_, bytes_, 0));
    std::memset(memory_, value, bytes_);
  }
  void Decommit() { Platform::DecommitPages(memory_, bytes_); }
  std::span<const std::byte> data() const {
    return {static_cast<const std::byte*>(memory_), bytes_};
  }

 private:
  const size_t bytes_;
  void* const memory_;
};

class DmaFinderPages : public ::testing::TestWithParam<size_t> {};

TEST_P(DmaFinderPages, AreForgottenWithTheirMemory) {
  DmaFinder finder;
  Range first(GetParam());
  Range second(GetParam());
  first.Commit('a');
  EXPECT_TRUE(IsSeen(finder, first.data()));
  // What the first had goes to the second, and it gets other memory.
  first.Decommit();
  second.Commit('b');
  first.Commit('c');
  EXPECT_TRUE(IsSeen(finder, first.data()));
  EXPECT_TRUE(IsSeen(finder, second.data()));
}

// In small pages, and in large ones.
INSTANTIATE_TEST_SUITE_P(Sizes, DmaFinderPages,
                         ::testing::Values(64 * kKiB, 2 * kDmaBytesMax));

}  // namespace
}  // namespace ebbrt::platform
