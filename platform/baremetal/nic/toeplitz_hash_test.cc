#include "platform/baremetal/nic/toeplitz_hash.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace ebbrt::platform {
namespace {

constexpr uint32_t Address(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

// The key and the flows of Microsoft's verification suite.
constexpr ToeplitzHash::Key kKey = {
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
    0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
    0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
    0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};

TEST(ToeplitzHash, IsThatOfTheVerificationSuite) {
  constexpr ToeplitzHash kHash(kKey);
  EXPECT_EQ(kHash.Of(Address(66, 9, 149, 187), Address(161, 142, 100, 80),
                     2794, 1766),
            0x51ccc178u);
  EXPECT_EQ(kHash.Of(Address(199, 92, 111, 2), Address(65, 69, 140, 83), 14230,
                     4739),
            0xc626b0eau);
  EXPECT_EQ(kHash.Of(Address(24, 19, 198, 95), Address(12, 22, 207, 184),
                     12898, 38024),
            0x5c2b394au);
  EXPECT_EQ(kHash.Of(Address(38, 27, 205, 30), Address(209, 142, 163, 6),
                     48228, 2217),
            0xafc7327fu);
  EXPECT_EQ(kHash.Of(Address(153, 39, 163, 191), Address(202, 188, 127, 2),
                     44251, 1303),
            0x10e828a2u);
}

}  // namespace
}  // namespace ebbrt::platform
