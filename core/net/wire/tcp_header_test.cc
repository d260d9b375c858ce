#include "core/net/wire/tcp_header.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/base/random.h"
#include "core/buf/iobuf_chain.h"
#include "core/testing/seed.h"

namespace ebbrt {
namespace {

std::vector<std::byte> Bytes(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

// The fixed part of a header with so many bytes in all.
std::vector<std::byte> Header(size_t bytes) {
  std::vector<std::byte> header =
      Bytes({0x12, 0x34, 0x00, 0x50, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0x18, 0xfe,
             0xdc, 0xaa, 0xbb, 0, 9});
  header.resize(bytes);
  header[12] = static_cast<std::byte>(bytes / 4 << 4);
  return header;
}

std::vector<std::byte> WithOptions(std::initializer_list<int> options) {
  const std::vector<std::byte> bytes = Bytes(options);
  std::vector<std::byte> header = Header(20 + (bytes.size() + 3) / 4 * 4);
  std::copy(bytes.begin(), bytes.end(), header.begin() + 20);
  return header;
}

TEST(TcpHeader, ReadsTheFixedPart) {
  const std::vector<std::byte> bytes = Header(20);
  const std::optional<ParsedTcpHeader> parsed = ParseTcpHeader(bytes);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->bytes, 20u);
  EXPECT_EQ(parsed->header.source_port, 0x1234);
  EXPECT_EQ(parsed->header.destination_port, 80);
  EXPECT_EQ(parsed->header.sequence, 0x01020304u);
  EXPECT_EQ(parsed->header.acknowledgment, 0x05060708u);
  EXPECT_EQ(parsed->header.flags, tcp_flag::kAck | tcp_flag::kPsh);
  EXPECT_EQ(parsed->header.window, 0xfedc);
  EXPECT_FALSE(parsed->header.timestamps.has_value());
}

TEST(TcpHeader, RefusesWhatIsTooShort) {
  std::vector<std::byte> bytes = Header(20);
  EXPECT_FALSE(ParseTcpHeader(std::span(bytes).first(19)).has_value());
  EXPECT_FALSE(ParseTcpHeader({}).has_value());
  bytes[12] = std::byte{0x40};  // Sixteen bytes.
  EXPECT_FALSE(ParseTcpHeader(bytes).has_value());
  bytes[12] = std::byte{0xf0};  // Sixty, of which twenty have come.
  EXPECT_FALSE(ParseTcpHeader(bytes).has_value());
}

TEST(TcpHeader, ReadsOptions) {
  const std::optional<ParsedTcpHeader> parsed = ParseTcpHeader(
      WithOptions({2, 4, 0x05, 0xb4, 1, 3, 3, 7, 4, 2, 8, 10, 0, 0, 1, 0, 0, 0,
                   2, 0, 0}));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->header.segment_bytes_max, 1460);
  EXPECT_EQ(parsed->header.window_shift, 7);
  EXPECT_TRUE(parsed->header.sack_permitted);
  EXPECT_EQ(parsed->header.timestamps, (TcpTimestamps{256, 512}));
}

TEST(TcpHeader, ReadsSackBlocks) {
  const std::optional<ParsedTcpHeader> parsed = ParseTcpHeader(WithOptions(
      {1, 1, 5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 9}));
  ASSERT_TRUE(parsed.has_value());
  ASSERT_EQ(parsed->header.sack_count, 2);
  EXPECT_EQ(parsed->header.sack_blocks[0], (TcpSackBlock{1, 2}));
  EXPECT_EQ(parsed->header.sack_blocks[1], (TcpSackBlock{5, 9}));
}

TEST(TcpHeader, SkipsUnknownOptionsAndStopsAtMalformedOnes) {
  // An unknown option before a known one.
  std::optional<ParsedTcpHeader> parsed =
      ParseTcpHeader(WithOptions({254, 4, 1, 2, 2, 4, 0x05, 0xb4}));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->header.segment_bytes_max, 1460);
  // Lengths of zero, one, and beyond the end; a known option of a wrong length.
  for (int length : {0, 1, 9}) {
    parsed = ParseTcpHeader(WithOptions({254, length, 2, 4, 0x05, 0xb4, 0, 0}));
    ASSERT_TRUE(parsed.has_value());
    EXPECT_FALSE(parsed->header.segment_bytes_max.has_value()) << length;
  }
  parsed = ParseTcpHeader(WithOptions({2, 3, 5, 3, 4, 7, 1, 0, 5, 9, 0, 0}));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->header, ParseTcpHeader(Header(20))->header);
  // An end before a known one.
  parsed = ParseTcpHeader(WithOptions({0, 2, 4, 0x05, 0xb4, 0, 0, 0}));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_FALSE(parsed->header.segment_bytes_max.has_value());
}

TEST(TcpHeader, LimitsTheWindowShift) {
  EXPECT_EQ(ParseTcpHeader(WithOptions({3, 3, 15}))->header.window_shift, 14);
  EXPECT_EQ(ParseTcpHeader(WithOptions({3, 3, 255}))->header.window_shift, 14);
}

TcpHeader Draw(Random& random) {
  TcpHeader header;
  header.source_port = static_cast<uint16_t>(random());
  header.destination_port = static_cast<uint16_t>(random());
  header.sequence = static_cast<uint32_t>(random());
  header.acknowledgment = static_cast<uint32_t>(random());
  header.flags = static_cast<uint8_t>(random());
  header.window = static_cast<uint16_t>(random());
  if (random.Chance(0.5)) {
    header.timestamps = {static_cast<uint32_t>(random()),
                         static_cast<uint32_t>(random())};
  }
  if (header.Has(tcp_flag::kSyn)) {
    if (random.Chance(0.5)) {
      header.segment_bytes_max = static_cast<uint16_t>(random());
    }
    if (random.Chance(0.5)) {
      header.window_shift = static_cast<uint8_t>(random.Below(15));
    }
    header.sack_permitted = random.Chance(0.5);
    return header;
  }
  const uint64_t blocks_max = header.timestamps.has_value() ? 3 : 4;
  header.sack_count = static_cast<uint8_t>(random.Below(blocks_max + 1));
  for (size_t i = 0; i < header.sack_count; ++i) {
    header.sack_blocks[i] = {static_cast<uint32_t>(random()),
                             static_cast<uint32_t>(random())};
  }
  return header;
}

TEST(TcpHeader, ReadsWhatItWrites) {
  Random random(testing::Seed());
  for (int i = 0; i < 10000; ++i) {
    const TcpHeader header = Draw(random);
    std::array<std::byte, kTcpHeaderBytesMax> bytes;
    bytes.fill(std::byte{0xa5});
    const size_t length = WriteTcpHeader(header, bytes);
    ASSERT_EQ(length % 4, 0u);
    EXPECT_EQ(bytes[kTcpChecksumOffset], std::byte{0});
    const std::optional<ParsedTcpHeader> parsed =
        ParseTcpHeader(std::span(bytes).first(length));
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->bytes, length);
    EXPECT_EQ(parsed->header, header);
  }
}

TEST(TcpHeader, IsTakenOffAChainHoweverCut) {
  const std::vector<std::byte> header =
      WithOptions({8, 10, 0, 0, 1, 0, 0, 0, 2, 0, 1, 1});
  std::vector<std::byte> segment = header;
  for (int i = 0; i < 10; ++i) segment.push_back(static_cast<std::byte>(i));
  for (size_t cut = 1; cut < segment.size(); ++cut) {
    IOBufChain chain(IOBuf::CopyOf(std::span(segment).first(cut)));
    chain.PushBack(IOBuf::CopyOf(std::span(segment).subspan(cut)));
    const std::optional<TcpHeader> taken = TakeTcpHeader(chain);
    ASSERT_TRUE(taken.has_value()) << cut;
    EXPECT_EQ(*taken, ParseTcpHeader(header)->header);
    ASSERT_EQ(chain.length(), 10u);
    EXPECT_EQ(chain.ToString()[9], 9);
  }
  IOBufChain shorter(IOBuf::CopyOf(std::span(header).first(25)));
  EXPECT_FALSE(TakeTcpHeader(shorter).has_value());
  EXPECT_EQ(shorter.length(), 25u);
}

}  // namespace
}  // namespace ebbrt
