// Headers: what is written is read again, and what is wrong is told apart.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "core/base/random.h"
#include "core/net/wire/arp.h"
#include "core/net/wire/big_endian.h"
#include "core/net/wire/checksum.h"
#include "core/net/wire/ethernet.h"
#include "core/net/wire/icmp.h"
#include "core/net/wire/ipv4.h"
#include "core/net/wire/udp.h"
#include "core/testing/seed.h"

namespace ebbrt {
namespace {

MacAddress RandomMac(Random& random) {
  MacAddress mac;
  for (uint8_t& byte : mac.bytes) byte = static_cast<uint8_t>(random());
  return mac;
}

TEST(Ethernet, IsReadAsWritten) {
  std::array<std::byte, kEthernetHeaderBytes> bytes;
  const MacAddress from = {{2, 3, 4, 5, 6, 7}};
  WriteEthernet({kBroadcastMac, from, kEtherTypeArp}, bytes.data());
  Parsed<EthernetHeader> header = ParseEthernet(bytes);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->destination, kBroadcastMac);
  EXPECT_EQ(header->source, from);
  EXPECT_EQ(header->type, kEtherTypeArp);
  EXPECT_TRUE(IsGroup(header->destination));
  EXPECT_FALSE(IsGroup(header->source));
  EXPECT_EQ(ParseEthernet(std::span(bytes).first(13)).reason(),
            Malformed::kTooShort);
}

TEST(Arp, IsReadAsWritten) {
  Random random(testing::Seed());
  for (bool is_reply : {false, true}) {
    ArpMessage message = {
        .is_reply = is_reply,
        .sender_mac = RandomMac(random),
        .sender = Ipv4Address(static_cast<uint32_t>(random())),
        .target_mac = RandomMac(random),
        .target = Ipv4Address(static_cast<uint32_t>(random()))};
    std::array<std::byte, kArpBytes> bytes;
    WriteArp(message, bytes.data());
    Parsed<ArpMessage> read = ParseArp(bytes);
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, message);
    EXPECT_EQ(ParseArp(std::span(bytes).first(27)).reason(),
              Malformed::kTooShort);
    bytes[7] = std::byte{3};
    EXPECT_EQ(ParseArp(bytes).reason(), Malformed::kValue);
    bytes[4] = std::byte{8};
    EXPECT_EQ(ParseArp(bytes).reason(), Malformed::kVersion);
  }
}

Ipv4Header RandomHeader(Random& random) {
  return {.source = Ipv4Address(static_cast<uint32_t>(random())),
          .destination = Ipv4Address(static_cast<uint32_t>(random())),
          .protocol = static_cast<uint8_t>(random()),
          .time_to_live = static_cast<uint8_t>(random()),
          .traffic_class = static_cast<uint8_t>(random()),
          .identification = static_cast<uint16_t>(random()),
          .dont_fragment = random.Chance(0.5),
          .more_fragments = random.Chance(0.5),
          .fragment_offset = static_cast<uint16_t>(random.Below(1000) * 8),
          .total_bytes =
              static_cast<uint16_t>(kIpv4HeaderBytes + 8 * random.Below(100))};
}

TEST(Ipv4, IsReadAsWritten) {
  Random random(testing::Seed());
  for (int round = 0; round < 1000; ++round) {
    const Ipv4Header header = RandomHeader(random);
    std::vector<std::byte> packet(header.total_bytes);
    WriteIpv4(header, packet.data());
    Parsed<Ipv4Header> read = ParseIpv4(packet, packet.size());
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, header);
    // Any one bit that is not what was written is seen.
    const size_t bit = random.Below(kIpv4HeaderBytes * 8);
    packet[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    EXPECT_FALSE(ParseIpv4(packet, packet.size()));
  }
}

// A header of which one field is wrong, with a checksum that is right.
Malformed ReasonFor(size_t offset, uint16_t word, size_t packet_bytes = 100) {
  std::array<std::byte, 100> packet = {};
  WriteIpv4({.total_bytes = 100}, packet.data());
  StoreBig(packet.data() + offset, word);
  StoreBig(packet.data() + 10, uint16_t{0});
  const size_t header = (std::to_integer<size_t>(packet[0]) & 15) * 4;
  StoreBig(packet.data() + 10,
           InternetChecksum(std::span(packet).first(header)));
  Parsed<Ipv4Header> read = ParseIpv4(packet, packet_bytes);
  return read ? Malformed::kNot : read.reason();
}

TEST(Ipv4, ContradictionsAreSeen) {
  EXPECT_EQ(ReasonFor(8, 0x4011), Malformed::kNot);
  EXPECT_EQ(ReasonFor(0, 0x6500), Malformed::kVersion);
  EXPECT_EQ(ReasonFor(0, 0x4400), Malformed::kLength);
  EXPECT_EQ(ReasonFor(0, 0x4f00), Malformed::kNot) << "options are skipped";
  EXPECT_EQ(ReasonFor(2, 19), Malformed::kLength);
  EXPECT_EQ(ReasonFor(2, 101), Malformed::kLength);
  EXPECT_EQ(ReasonFor(2, 99, 99), Malformed::kNot);
  EXPECT_EQ(ReasonFor(6, 0x2000), Malformed::kNot) << "80 bytes and more";
  EXPECT_EQ(ReasonFor(6, 0x1fff), Malformed::kLength) << "beyond the end";
  EXPECT_EQ(ReasonFor(2, 97), Malformed::kNot);
  std::array<std::byte, 19> few = {};
  EXPECT_EQ(ParseIpv4(few, few.size()).reason(), Malformed::kTooShort);
}

TEST(Udp, IsReadAsWritten) {
  std::array<std::byte, 20> bytes = {};
  UdpHeader header = {.source_port = 7,
                      .destination_port = 0x1234,
                      .total_bytes = 20,
                      .checksum = 0xfedc};
  WriteUdp(header, bytes.data());
  Parsed<UdpHeader> read = ParseUdp(bytes, bytes.size());
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, header);
  EXPECT_EQ(ParseUdp(bytes, 19).reason(), Malformed::kLength);
  EXPECT_EQ(ParseUdp(std::span(bytes).first(7), 7).reason(),
            Malformed::kTooShort);
  header.total_bytes = 7;
  WriteUdp(header, bytes.data());
  EXPECT_EQ(ParseUdp(bytes, bytes.size()).reason(), Malformed::kLength);
  header = {.total_bytes = 8};
  WriteUdp(header, bytes.data());
  EXPECT_EQ(ParseUdp(bytes, bytes.size()).reason(), Malformed::kValue);
}

TEST(Icmp, AnErrorQuotesAPacket) {
  std::array<std::byte, 36> message = {};
  const IcmpHeader error = {.type = IcmpType::kDestinationUnreachable,
                            .code = 4,
                            .rest = 1400};
  WriteIcmp(error, message.data());
  WriteIpv4({.source = Ipv4Address(10, 0, 0, 1),
             .destination = Ipv4Address(10, 0, 0, 2),
             .protocol = kProtocolTcp,
             .total_bytes = 1500},
            message.data() + 8);
  StoreBig(message.data() + 28, uint32_t{80 << 16 | 4000});
  StoreBig(message.data() + 32, uint32_t{0xdeadbeef});
  Parsed<IcmpHeader> read = ParseIcmp(message);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, error);
  Parsed<IcmpQuotation> quoted =
      ParseIcmpQuotation(std::span(message).subspan(8));
  ASSERT_TRUE(quoted);
  EXPECT_EQ(quoted->packet.destination, Ipv4Address(10, 0, 0, 2));
  EXPECT_EQ(quoted->packet.total_bytes, 1500);
  EXPECT_EQ(quoted->source_port, 80);
  EXPECT_EQ(quoted->destination_port, 4000);
  EXPECT_EQ(quoted->sequence, 0xdeadbeef);
  EXPECT_EQ(ParseIcmpQuotation(std::span(message).subspan(8, 27)).reason(),
            Malformed::kTooShort);
  EXPECT_EQ(ParseIcmp(std::span(message).first(7)).reason(),
            Malformed::kTooShort);
  EXPECT_TRUE(IsError(IcmpType::kDestinationUnreachable));
  EXPECT_FALSE(IsError(IcmpType::kEchoRequest));
}

}  // namespace
}  // namespace ebbrt
