#include "core/net/ip/reassembler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/testing/seed.h"

namespace ebbrt::ip {
namespace {

struct Piece {
  Ipv4Header header;
  std::string bytes;
};

Piece MakePiece(uint16_t id, size_t offset, std::string bytes, bool more) {
  return {{.source = Ipv4Address(10, 0, 0, 1),
           .destination = Ipv4Address(10, 0, 0, 2),
           .protocol = kProtocolUdp,
           .identification = id,
           .more_fragments = more,
           .fragment_offset = static_cast<uint16_t>(offset),
           .total_bytes =
               static_cast<uint16_t>(kIpv4HeaderBytes + bytes.size())},
          std::move(bytes)};
}

struct ReassemblerTest : ::testing::Test {
  std::optional<WholePacket> Add(const Piece& piece) {
    return reassembler.Add(piece.header,
                           IOBufChain(IOBuf::CopyOf(piece.bytes)), now);
  }
  Reassembler reassembler;
  Time now{std::chrono::seconds(5)};
};

std::string RandomText(Random& random, size_t bytes) {
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

TEST_F(ReassemblerTest, PutsTogetherWhatComesInAnyOrderAndMoreThanOnce) {
  Random random(testing::Seed());
  for (int round = 0; round < 500; ++round) {
    const std::string text = RandomText(random, 9 + random.Below(20000));
    std::vector<Piece> pieces;
    for (size_t at = 0; at < text.size();) {
      const size_t bytes =
          std::min(text.size() - at, 200 + 8 * random.Below(200));
      pieces.push_back(MakePiece(static_cast<uint16_t>(round), at,
                                 text.substr(at, bytes),
                                 at + bytes < text.size()));
      at += bytes;
    }
    if (pieces.size() < 2) continue;
    for (size_t i = pieces.size(); i-- > 1;) {
      std::swap(pieces[i], pieces[random.Below(i + 1)]);
    }
    for (size_t i = 0; i < pieces.size(); ++i) {
      std::optional<WholePacket> whole = Add(pieces[i]);
      ASSERT_EQ(whole.has_value(), i + 1 == pieces.size());
      if (whole.has_value()) {
        ASSERT_EQ(whole->payload.ToString(), text);
        ASSERT_EQ(whole->header.payload_bytes(), text.size());
        ASSERT_FALSE(whole->header.is_fragment());
      } else {
        ASSERT_FALSE(Add(pieces[random.Below(i + 1)]).has_value());
      }
    }
  }
  EXPECT_EQ(reassembler.packet_count(), 0u);
  EXPECT_EQ(reassembler.bytes(), 0u);
  EXPECT_EQ(reassembler.dropped(), 0u);
}

TEST_F(ReassemblerTest, OverlapsAreRefused) {
  const std::string sixteen(16, 'a');
  const Piece first = MakePiece(1, 0, sixteen, true);
  for (const Piece& other : {MakePiece(1, 8, sixteen, true),
                             MakePiece(1, 0, std::string(8, 'b'), true),
                             MakePiece(1, 0, std::string(24, 'b'), true),
                             MakePiece(1, 8, "end", false)}) {
    const uint64_t dropped = reassembler.dropped();
    EXPECT_FALSE(Add(first).has_value());
    EXPECT_FALSE(Add(other).has_value());
    EXPECT_EQ(reassembler.dropped(), dropped + 1);
    EXPECT_EQ(reassembler.packet_count(), 0u);
  }
}

TEST_F(ReassemblerTest, TwoEndsAreRefused) {
  const std::string eight(8, 'a');
  EXPECT_FALSE(Add(MakePiece(1, 16, "end", false)).has_value());
  EXPECT_FALSE(Add(MakePiece(1, 24, "end", false)).has_value());
  EXPECT_EQ(reassembler.packet_count(), 0u);
  EXPECT_FALSE(Add(MakePiece(1, 16, "end", false)).has_value());
  EXPECT_FALSE(Add(MakePiece(1, 24, eight, true)).has_value());
  EXPECT_EQ(reassembler.packet_count(), 0u);
  EXPECT_FALSE(Add(MakePiece(1, 24, eight, true)).has_value());
  EXPECT_FALSE(Add(MakePiece(1, 8, "end", false)).has_value());
  EXPECT_EQ(reassembler.packet_count(), 0u);
}

TEST_F(ReassemblerTest, ForgetsInTime) {
  Add(MakePiece(1, 0, std::string(8, 'a'), true));
  EXPECT_EQ(reassembler.next_deadline(), now + Reassembler::kTimeout);
  now += Reassembler::kTimeout;
  reassembler.OnTimer(now);
  EXPECT_EQ(reassembler.packet_count(), 0u);
  EXPECT_EQ(reassembler.bytes(), 0u);
  EXPECT_FALSE(Add(MakePiece(1, 8, "b", false)).has_value());
}

TEST_F(ReassemblerTest, IsBounded) {
  for (uint32_t i = 0; i < 1000; ++i) {
    Add(MakePiece(static_cast<uint16_t>(i), 0, std::string(8, 'a'), true));
    ASSERT_LE(reassembler.packet_count(), Reassembler::kPacketsMax);
  }
  for (uint32_t i = 0; i < 1000; ++i) {
    Add(MakePiece(static_cast<uint16_t>(i % 40), i / 40 * 1480,
                  std::string(1480, 'a'), true));
    ASSERT_LE(reassembler.bytes(), Reassembler::kBytesMax);
  }
  for (size_t i = 0; i <= Reassembler::kFragmentsMax; ++i) {
    Add(MakePiece(5000, i * 8, std::string(8, 'a'), true));
  }
  EXPECT_FALSE(Add(MakePiece(5000, 8 * (Reassembler::kFragmentsMax + 1), "e",
                             false))
                   .has_value());
}

}  // namespace
}  // namespace ebbrt::ip
