#include "core/net/wire/dns.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "core/testing/seed.h"

namespace ebbrt {
namespace {

using namespace std::string_view_literals;

// A response: www.a.test is an alias of a.test, which has two addresses.
constexpr std::string_view kResponse =
    "\x12\x34\x81\x80\0\1\0\3\0\0\0\0"
    "\3www\1a\4test\0\0\1\0\1"
    "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\2\xc0\x10"
    "\xc0\x10\0\1\0\1\0\0\0\x0a\0\4\x0a\0\0\1"
    "\1A\4TesT\0\0\1\0\1\xff\xff\xff\xff\0\4\x0a\0\0\2"sv;

Parsed<DnsMessage> Parse(std::string_view text) {
  return ParseDns(std::as_bytes(std::span(text)));
}

TEST(Dns, ReadsAResponse) {
  Parsed<DnsMessage> message = Parse(kResponse);
  ASSERT_TRUE(message) << static_cast<int>(message.reason());
  EXPECT_EQ(message->id, 0x1234);
  EXPECT_TRUE(message->is_response);
  EXPECT_EQ(message->code, DnsCode::kOk);
  EXPECT_EQ(message->question, "www.a.test");
  ASSERT_EQ(message->answers.size(), 3u);
  EXPECT_EQ(message->answers[0].type, DnsRecord::Type::kAlias);
  EXPECT_EQ(message->answers[0].target, "a.test");
  EXPECT_EQ(message->answers[0].seconds_to_live, 60u);
  EXPECT_EQ(message->answers[1].name, "a.test");
  EXPECT_EQ(message->answers[1].address, Ipv4Address(10, 0, 0, 1));
  EXPECT_EQ(message->answers[2].name, "a.test");
  EXPECT_EQ(message->answers[2].seconds_to_live, 0u);
}

TEST(Dns, ReadsItsOwnQuestion) {
  std::array<std::byte, kDnsMessageBytesMax> bytes;
  const std::string longest = std::string(63, 'a') + "." +
                              std::string(63, 'b') + "." +
                              std::string(63, 'c') + "." + std::string(61, 'd');
  for (std::string_view text : {"a"sv, "Www.A.Test."sv,
                                std::string_view(longest)}) {
    std::optional<std::string> name = DnsName(text);
    ASSERT_TRUE(name.has_value());
    const size_t length = WriteDnsQuery(7, *name, bytes);
    Parsed<DnsMessage> message = ParseDns(std::span(bytes).first(length));
    ASSERT_TRUE(message);
    EXPECT_EQ(message->question, *name);
    EXPECT_FALSE(message->is_response);
  }
}

TEST(Dns, TellsNamesFromOtherText) {
  EXPECT_EQ(DnsName("A.b."), "a.b");
  for (std::string_view text : {""sv, "."sv, "a..b"sv, ".a"sv, "a b"sv,
                                "a.\x80"sv}) {
    EXPECT_EQ(DnsName(text), std::nullopt) << text;
  }
  EXPECT_EQ(DnsName(std::string(64, 'a')), std::nullopt);
  EXPECT_EQ(DnsName(std::string(126, 'a') + "." + std::string(127, 'b')),
            std::nullopt);
}

TEST(Dns, ANameOfOneByteTooManyIsNone) {
  constexpr size_t kLastLabelBytes = 61;
  const std::string label = std::string(kDnsLabelBytesMax, 'a') + '.';
  const std::string longest =
      label + label + label + std::string(kLastLabelBytes, 'a');
  ASSERT_EQ(longest.size(), kDnsNameBytesMax);
  std::array<std::byte, kDnsMessageBytesMax> bytes;
  const size_t length = WriteDnsQuery(7, longest, bytes);
  std::vector<std::byte> message(bytes.begin(), bytes.begin() + length);
  Parsed<DnsMessage> parsed = ParseDns(message);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->question, longest);
  // Behind a header of 12 bytes and three labels with their lengths.
  const auto last = message.begin() + 12 + 3 * (1 + kDnsLabelBytesMax);
  ASSERT_EQ(*last, std::byte{kLastLabelBytes});
  *last = std::byte{kLastLabelBytes + 1};
  message.insert(last + 1, std::byte{'a'});
  EXPECT_FALSE(ParseDns(message));
}

TEST(Dns, ANameThatPointsToItselfEnds) {
  EXPECT_EQ(Parse("\0\1\x81\x80\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1"sv).reason(),
            Malformed::kTooMany);
}

TEST(Dns, EveryCutIsSeen) {
  for (size_t bytes = 0; bytes < kResponse.size(); ++bytes) {
    EXPECT_FALSE(Parse(kResponse.substr(0, bytes))) << bytes;
  }
}

TEST(Dns, AnyChangedBytesAreSurvived) {
  Random random(testing::Seed());
  for (int round = 0; round < 20000; ++round) {
    std::string text(kResponse);
    for (int i = 0; i < 4; ++i) {
      text[random.Below(text.size())] = static_cast<char>(random());
    }
    static_cast<void>(Parse(text));
  }
}

}  // namespace
}  // namespace ebbrt
