#include "apps/loadgen/workload.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <set>
#include <string>

#include "apps/loadgen/etc_workload.h"

namespace ebbrt::loadgen {
namespace {

std::string KeyText(const Workload& workload, uint32_t key) {
  char text[kKeyRoomBytes];
  workload.WriteKey(key, text);
  return {text, workload.KeyBytes(key)};
}

TEST(Workload, KeysAreTheirNumbersPaddedAndDiffer) {
  Workload workload({.records = 20'000});
  std::set<std::string> keys;
  for (uint32_t key = 0; key < workload.records(); ++key) {
    std::string text = KeyText(workload, key);
    EXPECT_EQ(std::stoul(text), key) << text;
    EXPECT_TRUE(keys.insert(text).second) << text;
  }
  EXPECT_EQ(KeyText(workload, 7), KeyText(Workload({.records = 20'000}), 7));
}

TEST(Workload, KeySizesFollowTheDistributionOverAnyRunOfKeys) {
  using namespace etc;
  Workload workload({.records = 1'000'000});
  double sum = 0;
  for (uint32_t key = 0; key < 10'000; ++key) {
    sum += static_cast<double>(workload.KeyBytes(key));
  }
  double mean =
      kKeyLocation + kKeyScale * (std::tgamma(1 - kKeyShape) - 1) / kKeyShape;
  EXPECT_NEAR(sum / 10'000, mean, 0.1);
}

TEST(Workload, ShortKeysGetRoomForTheirNumbers) {
  Workload workload({.records = 1001, .key_bytes = Distribution::Fixed(2)});
  EXPECT_EQ(KeyText(workload, 1000), "1000");
  EXPECT_EQ(KeyText(workload, 0), "0000");
  Workload longest(
      {.records = 10, .key_bytes = Distribution::Fixed(10'000)});
  EXPECT_EQ(longest.KeyBytes(3), kKeyBytesMax);
}

TEST(Workload, ValuesDifferByKeyAndBySize) {
  auto same = [](uint32_t a, size_t a_bytes, uint32_t b, size_t b_bytes) {
    return std::memcmp(Workload::Value(a, a_bytes).data(),
                       Workload::Value(b, b_bytes).data(), 16) == 0;
  };
  EXPECT_TRUE(same(5, 100, 5, 100));
  int equal = 0;
  for (uint32_t key = 1; key < 1000; ++key) {
    equal += same(0, 100, key, 100) + same(key, 100, key, 101);
  }
  EXPECT_LE(equal, 2) << "one in 2^16 is to be expected";
  EXPECT_EQ(Workload::Value(9, kValueBytesMax).size(), kValueBytesMax);
}

TEST(Workload, DrawsAllKeysEvenlyAndTheFractionOfSets) {
  Workload workload({.records = 4, .set_fraction = etc::kSetFraction});
  Random random(1);
  constexpr int kDraws = 100'000;
  int keys[4] = {};
  int sets = 0;
  for (int i = 0; i < kDraws; ++i) {
    Request request = workload.Draw(random, Time{});
    ++keys[request.key];
    sets += request.is_set;
  }
  for (int count : keys) EXPECT_NEAR(count, kDraws / 4, 700);
  EXPECT_NEAR(sets, kDraws * etc::kSetFraction, 280);
  Workload only_sets({.records = 4, .set_fraction = 1});
  EXPECT_TRUE(only_sets.Draw(random, Time{}).is_set);
  Workload no_sets({.records = 4, .set_fraction = 0});
  EXPECT_FALSE(no_sets.Draw(random, Time{}).is_set);
}

}  // namespace
}  // namespace ebbrt::loadgen
