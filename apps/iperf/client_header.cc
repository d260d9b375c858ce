#include "apps/iperf/client_header.h"

#include <algorithm>

namespace ebbrt::iperf {
namespace {

uint32_t ReadNumber(std::span<const std::byte> bytes) {
  uint32_t number = 0;
  for (std::byte byte : bytes) {
    number = number << 8 | std::to_integer<uint32_t>(byte);
  }
  return number;
}

}  // namespace

ClientHeader::Kind ClientHeader::Take(std::span<const std::byte> bytes) {
  if (kind_ != Kind::kUnknown) return kind_;
  const size_t taken = std::min(bytes.size(), bytes_.size() - length_);
  std::copy_n(bytes.begin(), taken, bytes_.begin() + length_);
  length_ += taken;
  kind_ = Decide();
  return kind_;
}

ClientHeader::Kind ClientHeader::Decide() const {
  if (length_ < kFlagsBytes) return Kind::kUnknown;
  const std::span<const std::byte> bytes(bytes_);
  const uint32_t flags = ReadNumber(bytes.first(kFlagsBytes));
  if ((flags & kBouncesBack) != 0) return Kind::kUnsupported;
  if ((flags & kVersion1) != 0 && (flags & kVersion2) == 0) {
    return Kind::kUnsupported;  // -d and -r: a test back to the client.
  }
  if ((flags & kExtended) == 0) return Kind::kPlain;
  if (length_ < kHeaderBytes) return Kind::kUnknown;
  const uint32_t more = ReadNumber(bytes.subspan(kMoreFlagsOffset));
  if ((flags & kVersion2) != 0 && (more & (kReverse | kFullDuplex)) != 0) {
    return Kind::kUnsupported;
  }
  if ((flags & kAsksWhoWeAre) == 0) return Kind::kPlain;
  // With times in it the acknowledgement would be another, longer one.
  return (more & kTripTimes) != 0 ? Kind::kUnsupported : Kind::kAcknowledged;
}

}  // namespace ebbrt::iperf
