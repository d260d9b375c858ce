#include "core/ebb/names.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "core/async/combinators.h"
#include "core/ebb/ebb_id.h"
#include "core/testing/run_on_cores.h"

namespace ebbrt {
namespace {

using testing::RunOnCores;

TEST(EbbNames, FindsWhatAnotherCoreHasNamed) {
  RunOnCores(2, [] {
    ASSERT_TRUE(Async(CoreId(1), [] {
                  return ebb_names->Add("cache", EbbId(300));
                }).Block().ok());
    EXPECT_EQ(*ebb_names->Find("cache"), EbbId(300));
    EXPECT_TRUE(absl::IsAlreadyExists(ebb_names->Add("cache", EbbId(301))));
    EXPECT_EQ(*ebb_names->Find("cache"), EbbId(300));
    EXPECT_TRUE(ebb_names->Remove("cache").ok());
    EXPECT_TRUE(absl::IsNotFound(ebb_names->Remove("cache")));
    EXPECT_TRUE(absl::IsNotFound(ebb_names->Find("cache").status()));
  });
}

TEST(EbbNames, GivesNamesToThoseWhoWaitForThem) {
  RunOnCores(2, [] {
    std::vector<Future<EbbId>> waiting;
    for (uint32_t i = 0; i < 4; ++i) {
      waiting.push_back(
          Async(CoreId(i % 2), [] { return ebb_names->WaitFor("late"); }));
    }
    // Both cores' events are ahead of this one, so all wait by now.
    ASSERT_TRUE(Async(CoreId(1), [] {}).Block().ok());
    EXPECT_FALSE(waiting[1].ready());
    ASSERT_TRUE(ebb_names->Add("other", EbbId(1)).ok());
    ASSERT_TRUE(ebb_names->Add("late", EbbId(400)).ok());
    auto ids = WhenAll(std::move(waiting)).Block();
    for (const absl::StatusOr<EbbId>& id : *ids) EXPECT_EQ(*id, EbbId(400));
    EXPECT_EQ(*ebb_names->WaitFor("late").Block(), EbbId(400));
  });
}

TEST(EbbNames, LetsNoMoreWaitThanItsBound) {
  RunOnCores(1, [] {
    std::vector<Future<EbbId>> waiting;
    for (size_t i = 0; i < EbbNames::kWaitersMax; ++i) {
      waiting.push_back(ebb_names->WaitFor("never"));
    }
    EXPECT_TRUE(absl::IsResourceExhausted(
        ebb_names->WaitFor("never").Block().status()));
    // Those who still wait when the node ends are let go with it.
  });
}

}  // namespace
}  // namespace ebbrt
