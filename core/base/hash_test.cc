#include "core/base/hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "core/base/random.h"
#include "core/testing/seed.h"

namespace ebbrt {
namespace {

TEST(HashBytes, IsTheSameEverywhere) {
  EXPECT_EQ(HashBytes(""), HashBytes(std::string()));
  // What a table's order, and so a simulated history, depends on.
  EXPECT_EQ(HashBytes("key-1"), uint64_t{0xe4d79f70ef473c0c});
}

TEST(HashBytes, EachByteCounts) {
  Random random(testing::Seed(), 1);
  for (size_t bytes = 1; bytes <= 64; ++bytes) {
    std::string text(bytes, 'x');
    std::set<uint64_t> hashes = {HashBytes(text)};
    for (size_t i = 0; i < bytes; ++i) {
      std::string other = text;
      other[i] ^= static_cast<char>(random.Between(1, 127));
      hashes.insert(HashBytes(other));
    }
    hashes.insert(HashBytes(text + '\0'));
    EXPECT_EQ(hashes.size(), bytes + 2) << bytes;
  }
}

// The low bits choose the bucket: keys that differ little fill all of them.
TEST(HashBytes, SpreadsKeysThatDifferLittle) {
  constexpr size_t kBuckets = 256;
  constexpr size_t kKeys = 64 * kBuckets;
  size_t counts[kBuckets] = {};
  for (size_t i = 0; i < kKeys; ++i) {
    ++counts[HashBytes("key-" + std::to_string(i)) % kBuckets];
  }
  for (size_t count : counts) {
    EXPECT_GT(count, 64u / 3);
    EXPECT_LT(count, 64u * 2);
  }
}

}  // namespace
}  // namespace ebbrt
