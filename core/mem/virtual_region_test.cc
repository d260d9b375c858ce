#include "core/mem/virtual_region.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/async/combinators.h"
#include "core/base/types.h"
#include "core/testing/run_on_cores.h"

namespace ebbrt::mem {
namespace {

using ebbrt::testing::RunOnCores;

constexpr bool kHasFaults =
    Has(Platform::kFeatures, platform::Feature::kPageFaults);
constexpr size_t kPage = VirtualRegion::kPageBytes;

// Notes what was touched; commits it unless told otherwise.
class Recorder final : public PageFaultHandler {
 public:
  Recorder() { offsets_.reserve(64); }
  bool OnPageFault(VirtualRegion& region, size_t offset) override {
    offsets_.push_back(offset);
    return !refuse && region.Commit(offset, kPage);
  }
  const std::vector<size_t>& offsets() const { return offsets_; }

  bool refuse = false;

 private:
  std::vector<size_t> offsets_;
};

TEST(VirtualRegion, IsRefusedWhereThePlatformShowsNoFaults) {
  if (kHasFaults) GTEST_SKIP() << "this platform does";
  Recorder handler;
  EXPECT_EQ(VirtualRegion::Create(kPage, handler).status().code(),
            absl::StatusCode::kUnimplemented);
}

class VirtualRegionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!kHasFaults) GTEST_SKIP() << "the platform shows no page faults";
  }
};

TEST_F(VirtualRegionTest, ShowsEachPageToItsHandlerOnce) {
  RunOnCores(1, [] {
    Recorder handler;
    auto region = VirtualRegion::Create(64 * kGiB, handler);
    ASSERT_TRUE(region.ok()) << region.status();
    std::byte* data = (*region)->data();
    data[5 * kPage + 17] = std::byte{1};
    data[5 * kPage + 18] = std::byte{2};
    EXPECT_EQ(data[40 * kGiB], std::byte{0});
    EXPECT_EQ(data[5 * kPage + 17], std::byte{1});
    EXPECT_EQ(handler.offsets(),
              (std::vector<size_t>{5 * kPage, 40 * kGiB}));
  });
}

TEST_F(VirtualRegionTest, ADecommittedPageFaultsAgainAndIsZero) {
  RunOnCores(1, [] {
    Recorder handler;
    auto region = VirtualRegion::Create(4 * kPage, handler);
    ASSERT_TRUE(region.ok()) << region.status();
    // Volatile, because memory changes behind the compiler's back.
    auto* data = reinterpret_cast<volatile uint8_t*>((*region)->data());
    data[kPage] = 1;
    (*region)->Decommit(kPage, kPage);
    uint8_t after = data[kPage];
    EXPECT_EQ(after, 0);
    EXPECT_EQ(handler.offsets(), (std::vector<size_t>{kPage, kPage}));
  });
}

TEST_F(VirtualRegionTest, EachRegionHasItsHandler) {
  RunOnCores(1, [] {
    Recorder first_handler, second_handler;
    auto first = VirtualRegion::Create(kMiB, first_handler);
    auto second = VirtualRegion::Create(kMiB, second_handler);
    ASSERT_TRUE(first.ok() && second.ok());
    (*second)->data()[0] = std::byte{1};
    EXPECT_TRUE(first_handler.offsets().empty());
    EXPECT_EQ(second_handler.offsets().size(), 1u);
  });
}

TEST_F(VirtualRegionTest, CommitsChunksOnTouch) {
  RunOnCores(2, [] {
    CommitChunkOnTouch policy(64 * kKiB);
    auto region = VirtualRegion::Create(16 * kMiB + kPage, policy);
    ASSERT_TRUE(region.ok()) << region.status();
    std::byte* data = (*region)->data();
    std::vector<Future<void>> parts;
    for (uint32_t core = 0; core < 2; ++core) {
      parts.push_back(Async(CoreId(core), [data, core, &region] {
        for (size_t i = core; i < (*region)->size_bytes(); i += 1024) {
          data[i] = std::byte{7};
        }
      }));
    }
    EXPECT_TRUE(WhenAll(std::move(parts)).Block().ok());
    EXPECT_EQ(data[1024], std::byte{7});
    EXPECT_EQ(data[16 * kMiB], std::byte{7});
  });
}

TEST_F(VirtualRegionTest, TheTableOfRegionsIsBounded) {
  Recorder handler;
  std::vector<std::unique_ptr<VirtualRegion>> regions;
  for (size_t i = 0; i < VirtualRegion::kRegionsMax; ++i) {
    auto region = VirtualRegion::Create(kPage, handler);
    ASSERT_TRUE(region.ok());
    regions.push_back(*std::move(region));
  }
  EXPECT_EQ(VirtualRegion::Create(kPage, handler).status().code(),
            absl::StatusCode::kResourceExhausted);
  regions.pop_back();
  EXPECT_TRUE(VirtualRegion::Create(kPage, handler).ok());
}

using VirtualRegionDeathTest = VirtualRegionTest;

TEST_F(VirtualRegionDeathTest, AHandlerMayLeaveAnAccessWild) {
  EXPECT_DEATH(
      {
        Recorder handler;
        handler.refuse = true;
        auto region = VirtualRegion::Create(kPage, handler);
        (*region)->data()[0] = std::byte{1};
      },
      "");
}

}  // namespace
}  // namespace ebbrt::mem
