// SYN cookies: a handshake that keeps no state, for when peers begin more of
// them than there is room for.
//
// The sequence number of a SYN-ACK says what is needed to go on when its
// acknowledgment comes back:
//
//   | 5: time, in steps of 64 s | 3: segment size | 24: keyed hash |
//
// and, where the peer has timestamps, the lowest bits of the one that it will
// echo say which options it offered:
//
//   | 1: SACK | 4: window shift, 15 for none | 1: ECN |
//
// Cores: one. Blocks, allocates: never. Bound: a cookie lives kStepsMax steps.
// Units: Time. Errors: none, where a number is no cookie.
// Source: RFC 4987 section 3.6; Bernstein, "SYN cookies", 1996.
#ifndef EBBRT_CORE_NET_TCP_SYN_COOKIE_H_
#define EBBRT_CORE_NET_TCP_SYN_COOKIE_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "core/base/types.h"
#include "core/net/tcp/flow_table.h"
#include "core/net/tcp/hash.h"
#include "core/net/tcp/sequence.h"

namespace ebbrt::tcp {

class SynCookies {
 public:
  static constexpr Duration kStep = std::chrono::seconds(64);
  static constexpr uint32_t kStepsMax = 2;
  // The sizes that three bits tell; a peer's is rounded down.
  static constexpr std::array<uint16_t, 8> kSegmentBytes = {
      88, 536, 1220, 1300, 1400, 1440, 1460, 8960};

  explicit SynCookies(const HashKey& key) : key_(key) {}

  // The sequence number for a SYN-ACK that answers `peer_sequence`.
  Sequence Make(const FlowKey& flow, Sequence peer_sequence,
                uint16_t segment_bytes, Time now);
  // Whether one may still come back.
  bool Awaits(Time now) const { return now <= awaits_until_; }
  // The segment size that it stands for; none if it is no cookie of ours, or
  // an old one. REQUIRES: Awaits(now).
  std::optional<uint16_t> Check(const FlowKey& flow, Sequence peer_sequence,
                                Sequence cookie, Time now) const;

  struct OfferedOptions {
    bool sack = false;
    bool ecn = false;
    std::optional<uint8_t> window_shift;
  };
  // The latest timestamp that tells of `offered` and is not after `timestamp`.
  static uint32_t Encode(const OfferedOptions& offered, uint32_t timestamp);
  static OfferedOptions Decode(uint32_t timestamp);

 private:
  uint32_t Hash(const FlowKey& flow, Sequence peer_sequence, uint64_t step,
                uint32_t size_index) const;

  const HashKey key_;
  Time awaits_until_ = Time::min();
};

}  // namespace ebbrt::tcp

#endif  // EBBRT_CORE_NET_TCP_SYN_COOKIE_H_
