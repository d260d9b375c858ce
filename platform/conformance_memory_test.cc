// What platform/contract.h says of translation and pages, case by case, for the
// platform of the build.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <utility>

#include "core/base/types.h"
#include "core/testing/require.h"
#include "platform/conformance.h"
#include "platform/current.h"

namespace ebbrt::platform {
namespace {

constexpr EbbNumber kStatic = kStaticEbbNumbers - 1;
constexpr EbbNumber kLocal = kStaticEbbNumbers;
constexpr EbbNumber kNumbers[] = {kStatic, kLocal, 3000, 100000,
                                  uint32_t{1} << 31, ~uint32_t{0}};

void* Mark(uint32_t value) {
  return reinterpret_cast<void*>(uintptr_t{16} * (value + 1));
}

TEST(Translation, EachCoreHasItsOwn) {
  std::atomic<uint32_t> refused{0};
  auto check = [&] {
    uint32_t core = Platform::CurrentCore().index();
    for (EbbNumber number : kNumbers) {
      EXPECT_EQ(Platform::Representative(number), nullptr);
      if (!Platform::SetRepresentative(number, Mark(core ^ number))) {
        EXPECT_GT(number, 3000u);
        EXPECT_EQ(Platform::Representative(number), nullptr);
        ++refused;
      }
    }
  };
  auto recheck = [&] {
    uint32_t core = Platform::CurrentCore().index();
    // As a constant, and as a number known only at run time.
    EXPECT_EQ(Platform::Representative(kStatic), Mark(core ^ kStatic));
    EXPECT_EQ(Platform::Representative(kLocal), Mark(core ^ kLocal));
    for (EbbNumber number : kNumbers) {
      void* found = Platform::Representative(number);
      EXPECT_TRUE(found == Mark(core ^ number) || refused > 0);
      EXPECT_TRUE(Platform::SetRepresentative(number, nullptr));
      EXPECT_EQ(Platform::Representative(number), nullptr);
    }
    // To be cleared by the node's end.
    EXPECT_TRUE(Platform::SetRepresentative(kStatic, Mark(1)));
    EXPECT_TRUE(Platform::SetRepresentative(kLocal, Mark(1)));
  };
  for (int run = 0; run < 2; ++run) {
    RunProgram(3, {.start = check,
                   .turn = [] { Platform::Exit(0); },
                   .stop = recheck});
  }
}

template <EbbNumber kNumber>
void ExpectNull() {
  EXPECT_EQ(Platform::Representative(kNumber), nullptr) << kNumber;
}

TEST(Translation, IsNullOffTheCoresForStaticNumbers) {
  testing::RequireThreads(1);
  EXPECT_EQ(Platform::Representative(kStatic), nullptr);
  auto check = [] {
    EXPECT_TRUE(Platform::SetRepresentative(kStatic, Mark(1)));
    std::thread([] {
      EXPECT_FALSE(Platform::OnCore());
      // Constants, each of them, as the contract says.
      [&]<EbbNumber... kNumbers>(
          std::integer_sequence<EbbNumber, kNumbers...>) {
        (ExpectNull<kNumbers>(), ...);
      }
      (std::make_integer_sequence<EbbNumber, kStaticEbbNumbers>());
    }).join();
  };
  RunProgram(1, {.start = check, .turn = [] { Platform::Exit(0); }});
  EXPECT_EQ(Platform::Representative(kStatic), nullptr);
}

bool AllZero(const std::byte* begin, size_t bytes) {
  return std::all_of(begin, begin + bytes,
                     [](std::byte byte) { return byte == std::byte{0}; });
}

constexpr size_t kPage = Platform::kPageBytes;

TEST(Pages, AreReservedAsAligned) {
  for (size_t alignment = kPage; alignment <= 4 * kMiB; alignment *= 2) {
    for (size_t bytes : {kPage, 3 * kPage}) {
      void* address = Platform::ReservePages(bytes, alignment);
      ASSERT_NE(address, nullptr);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(address) % alignment, 0u);
      Platform::UnreservePages(address, bytes);
    }
  }
}

TEST(Pages, AreRefusedWhereThereAreNone) {
  EXPECT_EQ(Platform::ReservePages(size_t{1} << 60, kPage), nullptr);
  EXPECT_EQ(Platform::ReservePages(-kPage, kPage), nullptr);
  EXPECT_EQ(Platform::ReservePages(-2 * kMiB, 2 * kMiB), nullptr);
}

void CommitAndDecommit() {
  constexpr size_t kBytes = 8 * kPage;
  auto* range =
      static_cast<std::byte*>(Platform::ReservePages(kBytes, kPage));
  ASSERT_NE(range, nullptr);
  std::byte* part = range + 2 * kPage;
  ASSERT_TRUE(Platform::CommitPages(part, 2 * kPage, 0));
  EXPECT_TRUE(AllZero(part, 2 * kPage));
  std::fill_n(part, 2 * kPage, std::byte{7});
  // What was committed keeps its contents.
  ASSERT_TRUE(Platform::CommitPages(range, kBytes, 0));
  EXPECT_TRUE(AllZero(range, 2 * kPage));
  EXPECT_EQ(std::count(range, range + kBytes, std::byte{7}), 2 * kPage);
  // What was given back comes again as zero; the rest stays.
  Platform::DecommitPages(part, kPage);
  ASSERT_TRUE(Platform::CommitPages(part, kPage, 0));
  EXPECT_TRUE(AllZero(part, kPage));
  EXPECT_EQ(std::count(range, range + kBytes, std::byte{7}), kPage);
  Platform::UnreservePages(range, kBytes);
}

TEST(Pages, KeepContentsUntilGivenBack) {
  CommitAndDecommit();
  RunProgram(2,
             {.start = CommitAndDecommit, .turn = [] { Platform::Exit(0); }});
}

TEST(Pages, CanBeHadAgainAndAgain) {
  // More in all than any machine has.
  constexpr size_t kBytes = 32 * kMiB;
  for (int i = 0; i < 10000; ++i) {
    void* address = Platform::ReservePages(kBytes, kPage);
    ASSERT_NE(address, nullptr);
    if (i % 100 == 0) {
      ASSERT_TRUE(Platform::CommitPages(address, kPage, 0));
      *static_cast<volatile int*>(address) = i;
    }
    Platform::UnreservePages(address, kBytes);
  }
}

TEST(Pages, TheCallersNumaNodeIsOneOfThem) {
  RunProgram(2, {.start =
                     [] {
                       EXPECT_GE(Platform::NumaNodeCount(), 1u);
                       EXPECT_LT(Platform::CurrentNumaNode(),
                                 Platform::NumaNodeCount());
                       uint32_t last = Platform::NumaNodeCount() - 1;
                       void* page = Platform::ReservePages(kPage, kPage);
                       ASSERT_NE(page, nullptr);
                       EXPECT_TRUE(Platform::CommitPages(page, kPage, last));
                       *static_cast<volatile int*>(page) = 1;
                       Platform::UnreservePages(page, kPage);
                     },
                 .turn = [] { Platform::Exit(0); }});
}

// The handler has no context: what it works on is this test's.
void* faulted_page = nullptr;
std::atomic<int> fault_count{0};

TEST(Pages, AFaultCallsItsHandlerAndIsMadeAgain) {
  if (!Has(Platform::kFeatures, Feature::kPageFaults)) GTEST_SKIP();
  auto* range =
      static_cast<std::byte*>(Platform::ReservePages(4 * kPage, kPage));
  ASSERT_NE(range, nullptr);
  auto touch = [&] {
    Platform::SetPageFaultHandler([](void* address) {
      ++fault_count;
      faulted_page = address;
      auto page = std::bit_cast<uintptr_t>(address) & ~(kPage - 1);
      return Platform::CommitPages(std::bit_cast<void*>(page), kPage, 0);
    });
    volatile std::byte* word = range + kPage + 8;
    EXPECT_EQ(std::byte{*word}, std::byte{0});
    EXPECT_EQ(faulted_page, range + kPage + 8);
    EXPECT_EQ(fault_count, 1);
    *word = std::byte{5};
    EXPECT_EQ(std::byte{*word}, std::byte{5});
    EXPECT_EQ(fault_count, 1) << "once it is committed it is memory";
    Platform::SetPageFaultHandler(nullptr);
  };
  RunProgram(1, {.start = touch, .turn = [] { Platform::Exit(0); }});
  Platform::UnreservePages(range, 4 * kPage);
}

TEST(PagesDeathTest, AFaultThatNobodyHandlesIsAWildAccess) {
  if (!Has(Platform::kFeatures, Feature::kPageFaults)) GTEST_SKIP();
  void* page = Platform::ReservePages(kPage, kPage);
  ASSERT_NE(page, nullptr);
  EXPECT_DEATH(*static_cast<volatile int*>(page) = 1, "");
  EXPECT_DEATH(
      {
        Platform::SetPageFaultHandler([](void*) { return false; });
        *static_cast<volatile int*>(page) = 1;
      },
      "");
  Platform::UnreservePages(page, kPage);
}

}  // namespace
}  // namespace ebbrt::platform
