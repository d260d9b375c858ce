// A host that is sent nonsense, drawn from a seed.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "core/base/random.h"
#include "core/net/tcp/input_exercise.h"
#include "core/testing/seed.h"

namespace ebbrt::tcp {
namespace {

TEST(TcpInput, MayBeAnything) {
  constexpr int kRuns = 2000;
  Random random(ebbrt::testing::Seed());
  for (int run = 0; run < kRuns; ++run) {
    std::vector<uint8_t> bytes(random.Below(2000));
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    testing::ExerciseInput(bytes);
  }
}

}  // namespace
}  // namespace ebbrt::tcp
