// What an iperf 2 client says first on a TCP connection, before its data: that
// this is a test like any other, or what is special about it.
//
//   byte 0    flags: which parts follow, their length, the kind of test
//        24   type, length
//        32   more flags: the kind of test          (kHeaderExtended only)
//
// What follows is data as all else is, and counts as such.
//
// Cores: one. Ownership: itself only. Blocks, allocates: never.
// Bound: kHeaderBytes are kept. Errors: none; any bytes may be data.
// Source: observed of iperf 2.1.8 (Debian), and of 1.7, whose tests in two
// directions are flagged as they were then. All numbers are big endian.
#ifndef EBBRT_APPS_IPERF_CLIENT_HEADER_H_
#define EBBRT_APPS_IPERF_CLIENT_HEADER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ebbrt::iperf {

class ClientHeader {
 public:
  enum class Kind {
    kUnknown,      // More bytes are needed.
    kPlain,        // Data, and nothing is expected of the server.
    kAcknowledged, // Data, once the server has sent kAcknowledgement.
    kUnsupported,  // The server is to send, or to answer each message.
  };

  // Flags at byte 0.
  static constexpr uint32_t kVersion1 = 0x80000000;
  static constexpr uint32_t kExtended = 0x40000000;
  static constexpr uint32_t kVersion2 = 0x04000000;
  static constexpr uint32_t kAsksWhoWeAre = 0x02000000;
  static constexpr uint32_t kBouncesBack = 0x00800000;
  // At byte 32.
  static constexpr uint32_t kTripTimes = 0x0010;
  static constexpr uint32_t kReverse = 0x0400;
  static constexpr uint32_t kFullDuplex = 0x0800;

  static constexpr size_t kFlagsBytes = 4;
  static constexpr size_t kMoreFlagsOffset = 32;
  static constexpr size_t kHeaderBytes = 34;

  // Takes the next bytes of the stream; those behind the header are ignored.
  Kind Take(std::span<const std::byte> bytes);
  Kind kind() const { return kind_; }

 private:
  Kind Decide() const;

  Kind kind_ = Kind::kUnknown;
  size_t length_ = 0;
  std::array<std::byte, kHeaderBytes> bytes_;
};

// Type 2, length 28, no flags, version 2.1.8, nothing.
inline constexpr std::string_view kAcknowledgement{
    "\0\0\0\2\0\0\0\x1c\0\0\0\0\0\2\0\1\0\x08\0\3\0\0\0\0\0\0\0\0", 28};

}  // namespace ebbrt::iperf

#endif  // EBBRT_APPS_IPERF_CLIENT_HEADER_H_
