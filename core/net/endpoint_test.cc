#include "core/net/endpoint.h"

#include <cstdint>
#include <random>
#include <string>

#include "core/testing/run_on_cores.h"
#include "gtest/gtest.h"

namespace ebbrt {
namespace {

// What the text parses to, printed again.
std::string Canonical(std::string_view text) {
  absl::StatusOr<IpAddress> address = IpAddress::Parse(text);
  return address.ok() ? address->ToString() : "invalid";
}

TEST(IpAddress, ReadsAndWritesV4) {
  EXPECT_EQ(Canonical("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(Canonical("0.0.0.0"), "0.0.0.0");
  EXPECT_EQ(Canonical("255.255.255.255"), "255.255.255.255");
  EXPECT_EQ(*IpAddress::Parse("127.0.0.1"), kLoopbackV4);
  EXPECT_EQ(IpAddress(), *IpAddress::Parse("0.0.0.0"));
  EXPECT_TRUE(kLoopbackV4.is_v4());
}

TEST(IpAddress, WritesV6AsRfc5952Says) {
  EXPECT_EQ(Canonical("::"), "::");
  EXPECT_EQ(Canonical("::1"), "::1");
  EXPECT_EQ(Canonical("1::"), "1::");
  EXPECT_EQ(Canonical("2001:DB8::0001"), "2001:db8::1");
  EXPECT_EQ(Canonical("2001:db8:0:0:0:0:2:1"), "2001:db8::2:1");
  // One zero group alone is written out; of equal runs the first goes.
  EXPECT_EQ(Canonical("2001:db8:0:1:1:1:1:1"), "2001:db8:0:1:1:1:1:1");
  EXPECT_EQ(Canonical("2001:0:0:1:0:0:0:1"), "2001:0:0:1::1");
  EXPECT_EQ(Canonical("2001:db8:0:0:1:0:0:1"), "2001:db8::1:0:0:1");
  EXPECT_EQ(Canonical("1:2:3:4:5:6:7:8"), "1:2:3:4:5:6:7:8");
  EXPECT_EQ(Canonical("1:2:3:4:5:6:7::"), "1:2:3:4:5:6:7:0");
  EXPECT_EQ(Canonical("64:ff9b::192.0.2.33"), "64:ff9b::c000:221");
}

TEST(IpAddress, KeepsV4AsMappedV6) {
  EXPECT_EQ(*IpAddress::Parse("::ffff:10.0.0.1"), IpAddress::V4(10, 0, 0, 1));
  EXPECT_EQ(*IpAddress::Parse("::ffff:a00:1"), IpAddress::V4(10, 0, 0, 1));
}

TEST(IpAddress, RefusesWhatIsNoAddress) {
  for (const char* text : {"",
                           ".",
                           ":",
                           ":::",
                           "1.2.3",
                           "1.2.3.4.5",
                           "1.2.3.",
                           ".1.2.3",
                           "1..2.3",
                           "256.1.1.1",
                           "01.2.3.4",
                           "1.2.3.4 ",
                           " 1.2.3.4",
                           "1.2.3.-4",
                           "+1.2.3.4",
                           "0x1.2.3.4",
                           "1.2.3.99999999999",
                           "localhost",
                           "1::2::3",
                           "::12345",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "1:2:3:4:5:6:7:8::",
                           "::g",
                           ":1:2:3:4:5:6:7:8",
                           "1:2:3:4:5:6:7:8:",
                           ":1::",
                           "::1:",
                           "fe80::1%eth0",
                           "1.2.3.4::",
                           "::1.2.3.4:5",
                           "1:2:3:4:5:6:7:1.2.3.4",
                           "::1.2.3",
                           "[::1]"}) {
    absl::StatusOr<IpAddress> address = IpAddress::Parse(text);
    EXPECT_EQ(address.status().code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(IpAddress, QuotesBadTextShortAndPrintable) {
  std::string hostile = "\x1b[2J\n";
  hostile.append(100000, 'A');
  std::string message(IpAddress::Parse(hostile).status().message());
  EXPECT_LT(message.size(), 400u);
  EXPECT_NE(message.find("\\x1b[2J\\nAAA"), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos);
}

TEST(Endpoint, ReadsAndWrites) {
  EXPECT_EQ(Endpoint::Parse("10.0.0.1:80")->ToString(), "10.0.0.1:80");
  EXPECT_EQ(Endpoint::Parse("[::1]:65535")->ToString(), "[::1]:65535");
  EXPECT_EQ(Endpoint::Parse("0.0.0.0:0")->port, 0);
  EXPECT_EQ(*Endpoint::Parse("127.0.0.1:1"), (Endpoint{kLoopbackV4, 1}));
}

TEST(Endpoint, RefusesWhatIsNoEndpoint) {
  for (const char* text :
       {"", ":", "10.0.0.1", "10.0.0.1:", ":80", "10.0.0.1:65536", "::1:80",
        "10.0.0.1:-1", "10.0.0.1:080", "10.0.0.1:8 0", "[::1]", "[::1]80",
        "[::1:80", "::1]:80", "[10.0.0.1]:80", "[]:80", "10.0.0.1:80:90",
        "10.0.0.1:4294967376", "[[::1]]:80"}) {
    absl::StatusOr<Endpoint> endpoint = Endpoint::Parse(text);
    EXPECT_EQ(endpoint.status().code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
}

// Random bytes of the alphabet of addresses never crash, and whatever is taken
// is written in a form that is read as the same.
TEST(Endpoint, SurvivesRandomText) {
  std::mt19937_64 random(testing::Seed());
  constexpr std::string_view kAlphabet = "0123456789abcfF:.[]%x\0 -";
  int accepted = 0;
  for (int i = 0; i < 200000; ++i) {
    std::string text(random() % 24, '\0');
    for (char& c : text)
      c = kAlphabet[random() % (i % 2 ? 13 : kAlphabet.size())];
    if (random() % 2 == 0) text = "::" + text;
    if (absl::StatusOr<IpAddress> address = IpAddress::Parse(text);
        address.ok()) {
      ++accepted;
      ASSERT_EQ(*IpAddress::Parse(address->ToString()), *address) << text;
    }
    static_cast<void>(Endpoint::Parse(text));
  }
  EXPECT_GT(accepted, 0);
  for (int i = 0; i < 20000; ++i) {
    std::array<uint8_t, 16> bytes;
    for (uint8_t& byte : bytes) byte = random() % 3 == 0 ? random() : 0;
    Endpoint endpoint{IpAddress::V6(bytes), static_cast<uint16_t>(random())};
    absl::StatusOr<Endpoint> again = Endpoint::Parse(endpoint.ToString());
    ASSERT_TRUE(again.ok()) << again.status();
    ASSERT_EQ(*again, endpoint);
  }
}

}  // namespace
}  // namespace ebbrt
