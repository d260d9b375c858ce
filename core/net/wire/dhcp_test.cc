#include "core/net/wire/dhcp.h"

#include <gtest/gtest.h>

#include <array>

#include "core/base/random.h"
#include "core/net/wire/big_endian.h"
#include "core/testing/seed.h"

namespace ebbrt {
namespace {

using Bytes = std::array<std::byte, kDhcpMessageBytes>;

DhcpMessage Offer() {
  return {.is_reply = true,
          .transaction = 0x12345678,
          .seconds = 7,
          .broadcast = true,
          .client = Ipv4Address(10, 0, 0, 3),
          .yours = Ipv4Address(10, 0, 0, 4),
          .client_mac = {{2, 0, 0, 0, 0, 1}},
          .type = DhcpType::kOffer,
          .subnet_mask = Ipv4Address(255, 255, 0, 0),
          .router = Ipv4Address(10, 0, 0, 1),
          .server = Ipv4Address(10, 0, 0, 2),
          .dns_servers = {Ipv4Address(8, 8, 8, 8), Ipv4Address(8, 8, 4, 4)},
          .lease_seconds = 3600,
          .renewal_seconds = 1800,
          .rebinding_seconds = 3000};
}

TEST(Dhcp, IsReadAsWritten) {
  Bytes bytes;
  WriteDhcp(Offer(), bytes.data());
  Parsed<DhcpMessage> read = ParseDhcp(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, Offer());
  const DhcpMessage request = {.transaction = 1,
                               .client_mac = {{2, 0, 0, 0, 0, 1}},
                               .type = DhcpType::kRequest,
                               .server = Ipv4Address(10, 0, 0, 2),
                               .requested = Ipv4Address(10, 0, 0, 4)};
  WriteDhcp(request, bytes.data());
  read = ParseDhcp(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, request);
}

TEST(Dhcp, OptionsGoOnInTheFieldsForNames) {
  Bytes bytes;
  DhcpMessage message = Offer();
  message.router = {};
  message.subnet_mask = {};
  message.dns_servers = {};
  message.renewal_seconds = {};
  WriteDhcp(message, bytes.data());
  // Behind the rest: option 52 with 3, and one option in each field.
  constexpr uint8_t kMore[] = {52, 1, 3, 255};
  size_t end = kDhcpMessageBytes;
  while (bytes[end - 1] != std::byte{255}) --end;
  for (size_t i = 0; i < 4; ++i) bytes[end - 1 + i] = std::byte{kMore[i]};
  constexpr uint8_t kRouter[] = {3, 4, 10, 0, 0, 1, 255};
  constexpr uint8_t kMask[] = {1, 4, 255, 255, 0, 0, 255};
  for (size_t i = 0; i < 7; ++i) {
    bytes[108 + i] = std::byte{kRouter[i]};
    bytes[44 + i] = std::byte{kMask[i]};
  }
  Parsed<DhcpMessage> read = ParseDhcp(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->router, Ipv4Address(10, 0, 0, 1));
  EXPECT_EQ(read->subnet_mask, Ipv4Address(255, 255, 0, 0));
}

TEST(Dhcp, WhatIsWrongIsToldApart) {
  Bytes bytes;
  WriteDhcp(Offer(), bytes.data());
  EXPECT_EQ(ParseDhcp(std::span(bytes).first(239)).reason(),
            Malformed::kTooShort);
  EXPECT_EQ(ParseDhcp(std::span(bytes).first(240)).reason(), Malformed::kValue)
      << "no type";
  EXPECT_EQ(ParseDhcp(std::span(bytes).first(242)).reason(),
            Malformed::kLength);
  bytes[236] = std::byte{0};
  EXPECT_EQ(ParseDhcp(bytes).reason(), Malformed::kVersion);
}

TEST(Dhcp, AnyChangedBytesAreSurvived) {
  Random random(testing::Seed());
  for (int round = 0; round < 20000; ++round) {
    Bytes bytes;
    WriteDhcp(Offer(), bytes.data());
    for (int i = 0; i < 8; ++i) {
      const size_t at = random.Chance(0.5) ? 240 + random.Below(60)
                                           : random.Below(bytes.size());
      bytes[at] = static_cast<std::byte>(random());
    }
    const size_t length = random.Below(bytes.size() + 1);
    static_cast<void>(ParseDhcp(std::span(bytes).first(length)));
  }
}

}  // namespace
}  // namespace ebbrt
