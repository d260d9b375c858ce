#include "apps/iperf/client_header.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ebbrt::iperf {
namespace {

using Kind = ClientHeader::Kind;

// A header as iperf sends it, and data behind it.
std::string Header(uint32_t flags, uint16_t more) {
  std::string header(100, '5');
  for (int i = 0; i < 4; ++i) {
    header[i] = static_cast<char>(flags >> (24 - 8 * i));
  }
  header[32] = static_cast<char>(more >> 8);
  header[33] = static_cast<char>(more);
  return header;
}

Kind Take(std::string_view stream, size_t piece_bytes) {
  ClientHeader header;
  while (!stream.empty()) {
    std::string_view piece = stream.substr(0, piece_bytes);
    stream.remove_prefix(piece.size());
    header.Take(std::as_bytes(std::span(piece)));
  }
  return header.kind();
}

void ExpectKind(std::string_view stream, Kind kind) {
  for (size_t bytes : {1, 3, 33, 100}) {
    EXPECT_EQ(Take(stream, bytes), kind) << bytes;
  }
}

TEST(ClientHeader, KnowsAPlainTest) {
  ExpectKind(std::string(4, '\0'), Kind::kPlain);
  // Of iperf 2.1.8, captured: as it is, and with --trip-times.
  ExpectKind(Header(0x40010078, 0), Kind::kPlain);
  ExpectKind(Header(0x400100a0, ClientHeader::kTripTimes), Kind::kPlain);
  ExpectKind(Header(0, 0xffff), Kind::kPlain);
}

TEST(ClientHeader, KnowsWhoWaitsForAnAnswer) {
  // Of -X, captured.
  ExpectKind(Header(0x46010078, 0), Kind::kAcknowledged);
  ExpectKind(Header(0x46010078, ClientHeader::kTripTimes), Kind::kUnsupported);
}

TEST(ClientHeader, KnowsWhatItDoesNotServe) {
  // Of -R, --full-duplex, -d, -r and --bounceback.
  ExpectKind(Header(0x44010078, ClientHeader::kReverse), Kind::kUnsupported);
  ExpectKind(Header(0x44010078, ClientHeader::kFullDuplex),
             Kind::kUnsupported);
  ExpectKind(Header(0xc0010079, 0), Kind::kUnsupported);
  ExpectKind(Header(0xc0010078, 0), Kind::kUnsupported);
  ExpectKind(Header(0x00800000, 0), Kind::kUnsupported);
}

TEST(ClientHeader, WaitsForTheWholeOfIt) {
  ExpectKind("", Kind::kUnknown);
  ExpectKind(std::string(3, '\0'), Kind::kUnknown);
  ExpectKind(std::string_view(Header(0x40010078, 0)).substr(0, 33),
             Kind::kUnknown);
}

TEST(ClientHeader, AcknowledgementSaysItsLength) {
  EXPECT_EQ(kAcknowledgement.size(), 28u);
  EXPECT_EQ(kAcknowledgement[7], 28);
}

}  // namespace
}  // namespace ebbrt::iperf
