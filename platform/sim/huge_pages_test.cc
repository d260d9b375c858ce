#include "platform/sim/huge_pages.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace ebbrt::platform {
namespace {

// The process that starts again lists its tests, and ends in peace.
void Restart(const char* tunables) {
  char program[] = "huge_pages_test";
  char list[] = "--gtest_list_tests";
  char* arguments[] = {program, list, nullptr};
  unsetenv("GLIBC_TUNABLES");
  if (tunables != nullptr) setenv("GLIBC_TUNABLES", tunables, 1);
  UseHugePages(arguments);
  std::_Exit(3);
}

TEST(HugePagesDeathTest, StartsTheProcessAgain) {
  EXPECT_EXIT(Restart(nullptr), ::testing::ExitedWithCode(0), "");
}

TEST(HugePagesDeathTest, LeavesWhatTheUserHasSet) {
  EXPECT_EXIT(Restart("glibc.malloc.check=0"), ::testing::ExitedWithCode(3),
              "");
}

}  // namespace
}  // namespace ebbrt::platform
