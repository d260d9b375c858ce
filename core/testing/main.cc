#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/testing/seed.h"

namespace {

class SeedRepetitions : public ::testing::EmptyTestEventListener {
  void OnTestIterationStart(const ::testing::UnitTest&, int number) override {
    ebbrt::testing::SetSeedRepetition(static_cast<uint64_t>(number));
  }
};

}  // namespace

int main(int argc, char** argv) {
  ::testing::InitGoogleMock(&argc, argv);
  // GoogleTest owns it.
  ::testing::UnitTest::GetInstance()->listeners().Append(new SeedRepetitions);
  return RUN_ALL_TESTS();
}
