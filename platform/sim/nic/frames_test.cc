#include "platform/sim/nic/frames.h"

#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/testing/seed.h"

namespace ebbrt::platform {
namespace {

using Bytes = std::vector<uint8_t>;

uint16_t Sum(const Bytes& bytes, size_t begin, size_t end) {
  uint32_t sum = 0;
  for (size_t i = begin; i < end; i += 2) sum += bytes[i] << 8 | bytes[i + 1];
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

// A UDP packet over IPv4, with a right checksum of its header.
Bytes Ipv4Frame(uint8_t type_of_service, Random& random) {
  Bytes frame(14 + 20 + 8 + random.Below(40));
  for (uint8_t& byte : frame) byte = static_cast<uint8_t>(random());
  frame[12] = 0x08;
  frame[13] = 0x00;
  frame[14] = 0x45;
  frame[15] = type_of_service;
  frame[20] = frame[21] = 0;  // No fragment.
  frame[23] = 17;
  frame[24] = frame[25] = 0;
  uint16_t checksum = static_cast<uint16_t>(~Sum(frame, 14, 34));
  frame[24] = static_cast<uint8_t>(checksum >> 8);
  frame[25] = static_cast<uint8_t>(checksum);
  return frame;
}

// In two buffers, cut anywhere.
IOBufChain Chain(const Bytes& bytes, Random& random) {
  std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                        bytes.size());
  size_t cut = random.Below(bytes.size());
  IOBufChain chain(IOBuf::CopyOf(text.substr(0, cut)));
  chain.PushBack(IOBuf::CopyOf(text.substr(cut)));
  return chain;
}

Bytes BytesOf(const IOBufChain& chain) {
  std::string text = chain.ToString();
  return {text.begin(), text.end()};
}

TEST(Frames, FlipsOneBitOfAPacketAndSharesNothing) {
  Random random(testing::Seed(), 1);
  for (int i = 0; i < 200; ++i) {
    const Bytes before = Ipv4Frame(0, random);
    IOBufChain frame = Chain(before, random);
    const IOBufChain view = *frame.Clone();
    ASSERT_TRUE(FlipBit(frame, random));
    EXPECT_EQ(BytesOf(view), before);
    const Bytes after = BytesOf(frame);
    ASSERT_EQ(after.size(), before.size());
    int bits = 0;
    for (size_t at = 0; at < after.size(); ++at) {
      const int changed = std::popcount(
          static_cast<uint8_t>(before[at] ^ after[at]));
      EXPECT_TRUE(at >= 14 || changed == 0);
      bits += changed;
    }
    EXPECT_EQ(bits, 1);
  }
}

TEST(Frames, FlipsNoBitOfWhatHasNoChecksum) {
  Random random(testing::Seed(), 2);
  Bytes frame = Ipv4Frame(0, random);
  frame[13] = 0x06;  // ARP.
  IOBufChain arp = Chain(frame, random);
  EXPECT_FALSE(FlipBit(arp, random));
  EXPECT_EQ(BytesOf(arp), frame);
}

TEST(Frames, MarksIpv4AndKeepsItsChecksumRight) {
  Random random(testing::Seed(), 0);
  for (int i = 0; i < 200; ++i) {
    uint8_t service = static_cast<uint8_t>(random());
    Bytes before = Ipv4Frame(service, random);
    IOBufChain frame = Chain(before, random);
    bool can_be_marked = (service & 3) != 0;
    EXPECT_EQ(MarkCongestion(frame), can_be_marked);
    Bytes after = BytesOf(frame);
    EXPECT_EQ(after[15], can_be_marked ? service | 3 : service);
    EXPECT_EQ(Sum(after, 14, 34), 0xffff);
    after[15] = before[15];
    after[24] = before[24];
    after[25] = before[25];
    EXPECT_EQ(after, before);
  }
}

TEST(Frames, MarksIpv6) {
  Random random(testing::Seed(), 1);
  Bytes frame(14 + 40, 0);
  frame[12] = 0x86;
  frame[13] = 0xdd;
  frame[14] = 0x60;
  frame[15] = 0x2 << 4;
  IOBufChain chain = Chain(frame, random);
  EXPECT_TRUE(MarkCongestion(chain));
  EXPECT_EQ(BytesOf(chain)[15], 0x30);
  frame[15] = 0;
  chain = Chain(frame, random);
  EXPECT_FALSE(MarkCongestion(chain));
}

TEST(Frames, FindsThePortsOfWhatHasSome) {
  Random random(testing::Seed(), 2);
  Bytes bytes = Ipv4Frame(0, random);
  std::optional<FrameTuple> tuple = TupleOf(Chain(bytes, random));
  ASSERT_TRUE(tuple.has_value());
  EXPECT_EQ(tuple->source_port, bytes[34] << 8 | bytes[35]);
  EXPECT_EQ(tuple->destination_port, bytes[36] << 8 | bytes[37]);
  bytes[23] = 1;
  EXPECT_FALSE(TupleOf(Chain(bytes, random)).has_value()) << "ICMP";
}

TEST(Frames, ShortAndSenselessOnesAreNone) {
  Random random(testing::Seed(), 3);
  for (int i = 0; i < 2000; ++i) {
    Bytes bytes = Ipv4Frame(3, random);
    bytes.resize(1 + random.Below(bytes.size()));
    for (int j = 0; j < 3; ++j) {
      bytes[random.Below(bytes.size())] = static_cast<uint8_t>(random());
    }
    IOBufChain frame = Chain(bytes, random);
    EXPECT_EQ(DestinationOf(frame).has_value(), bytes.size() >= 14);
    TupleOf(frame);
    MarkCongestion(frame);
    EXPECT_EQ(frame.length(), bytes.size());
  }
}

}  // namespace
}  // namespace ebbrt::platform
