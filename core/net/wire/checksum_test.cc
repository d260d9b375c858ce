// The Internet checksum, against the definition, in pieces of any length.
#include "core/net/wire/checksum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "core/base/random.h"
#include "core/net/wire/big_endian.h"
#include "core/testing/seed.h"

namespace ebbrt {
namespace {

// RFC 1071 section 1, word by word.
uint16_t SlowSum(const std::vector<std::byte>& bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); i += 2) {
    uint32_t word = std::to_integer<uint32_t>(bytes[i]) << 8;
    if (i + 1 < bytes.size()) word |= std::to_integer<uint32_t>(bytes[i + 1]);
    sum += word;
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<uint16_t>(sum);
}

std::vector<std::byte> RandomBytes(Random& random, size_t count) {
  std::vector<std::byte> bytes(count);
  // Often all ones, where carries are.
  const bool ones = random.Chance(0.2);
  for (std::byte& byte : bytes) {
    byte = ones ? std::byte{0xff} : static_cast<std::byte>(random());
  }
  return bytes;
}

TEST(Checksum, OfTheExampleOfRfc1071) {
  const std::byte bytes[] = {std::byte{0x00}, std::byte{0x01}, std::byte{0xf2},
                             std::byte{0x03}, std::byte{0xf4}, std::byte{0xf5},
                             std::byte{0xf6}, std::byte{0xf7}};
  ChecksumSum sum;
  sum.Add(bytes);
  EXPECT_EQ(sum.Sum(), 0xddf2);
  EXPECT_EQ(sum.Checksum(), 0x220d);
}

TEST(Checksum, IsTheSameHoweverTheBytesAreCut) {
  Random random(testing::Seed());
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::byte> bytes = RandomBytes(random, random.Below(3000));
    IOBufChain chain;
    ChecksumSum sum;
    for (size_t at = 0; at < bytes.size();) {
      const size_t piece = std::min(bytes.size() - at, 1 + random.Below(100));
      sum.Add({bytes.data() + at, piece});
      chain.PushBack(IOBuf::CopyOf(std::span(bytes.data() + at, piece)));
      at += piece;
    }
    ASSERT_EQ(sum.Sum(), SlowSum(bytes));
    ChecksumSum of_chain;
    of_chain.Add(chain);
    ASSERT_EQ(of_chain.Sum(), sum.Sum());
    const size_t offset = random.Below(bytes.size() + 1);
    ChecksumSum of_rest;
    of_rest.Add(chain, offset);
    bytes.erase(bytes.begin(), bytes.begin() + static_cast<long>(offset));
    ASSERT_EQ(of_rest.Sum(), SlowSum(bytes));
  }
}

TEST(Checksum, OfSomethingWithItsOwnChecksumIsZero) {
  Random random(testing::Seed());
  for (int round = 0; round < 1000; ++round) {
    std::vector<std::byte> bytes = RandomBytes(random, 4 + random.Below(99));
    StoreBig(bytes.data() + 2, uint16_t{0});
    StoreBig(bytes.data() + 2, InternetChecksum(bytes));
    EXPECT_EQ(InternetChecksum(bytes), 0);
  }
}

TEST(Checksum, FollowsAChangedWord) {
  Random random(testing::Seed());
  for (int round = 0; round < 1000; ++round) {
    std::vector<std::byte> bytes = RandomBytes(random, 40);
    bytes[0] = std::byte{1};  // All zero is all one here.
    const uint16_t before = InternetChecksum(bytes);
    const uint16_t old_word = LoadBig<uint16_t>(bytes.data() + 8);
    const auto new_word = static_cast<uint16_t>(random());
    StoreBig(bytes.data() + 8, new_word);
    EXPECT_EQ(UpdatedChecksum(before, old_word, new_word),
              InternetChecksum(bytes));
  }
}

TEST(Checksum, OfAPseudoHeader) {
  ChecksumSum sum;
  sum.AddPseudoHeader(Ipv4Address(10, 1, 2, 3), Ipv4Address(192, 168, 0, 9),
                      17, 300);
  const uint32_t words = 0x0a01 + 0x0203 + 0xc0a8 + 0x0009 + 17 + 300;
  EXPECT_EQ(sum.Sum(), (words & 0xffff) + (words >> 16));
}

}  // namespace
}  // namespace ebbrt
