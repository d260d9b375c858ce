#include "platform/baremetal/entropy_pool.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace ebbrt::platform::machine {
namespace {

std::string Take(EntropyPool& pool, size_t count) {
  std::string bytes(count, '\0');
  pool.Fill(bytes.data(), bytes.size());
  return bytes;
}

std::string Hex(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[static_cast<uint8_t>(c) >> 4];
    text += kDigits[c & 0xf];
  }
  return text;
}

// RFC 8439, appendix A.1: the second block of a key of zero.
TEST(EntropyPool, IsTheKnownFunction) {
  EntropyPool pool;
  EXPECT_EQ(Hex(Take(pool, 64)),
            "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
            "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f");
}

TEST(EntropyPool, NeverSaysTheSameAgain) {
  EntropyPool pool;
  const std::string first = Take(pool, 64);
  EXPECT_NE(Take(pool, 64), first);
  // What comes is the same only where what was taken before was.
  EntropyPool other;
  EXPECT_EQ(Take(other, 10), first.substr(0, 10));
  EXPECT_NE(Take(other, 64), first);
}

TEST(EntropyPool, DependsOnEachByteThatCameIn) {
  const std::string bytes(40, 'a');
  EntropyPool all;
  all.Add(bytes.data(), bytes.size());
  const std::string from_all = Take(all, 32);
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string other = bytes;
    other[i] ^= 1;
    EntropyPool pool;
    pool.Add(other.data(), other.size());
    EXPECT_NE(Take(pool, 32), from_all) << i;
  }
}

TEST(EntropyPool, FillsWhatIsAskedForAndNoMore) {
  for (const size_t count : {0u, 1u, 63u, 64u, 65u, 1000u}) {
    EntropyPool pool;
    std::string bytes(count + 2, 'x');
    pool.Fill(bytes.data() + 1, count);
    EXPECT_EQ(bytes.front(), 'x');
    EXPECT_EQ(bytes.back(), 'x');
    EntropyPool longer;
    EXPECT_EQ(bytes.substr(1, count), Take(longer, 2000).substr(0, count));
  }
}

}  // namespace
}  // namespace ebbrt::platform::machine
