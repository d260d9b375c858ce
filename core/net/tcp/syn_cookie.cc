#include "core/net/tcp/syn_cookie.h"

#include <algorithm>

namespace ebbrt::tcp {
namespace {

constexpr uint32_t kHashBits = 24;
constexpr uint32_t kHashMask = (1u << kHashBits) - 1;
constexpr uint32_t kStepShift = 27;
constexpr uint32_t kStepMask = 31;

constexpr uint32_t kOptionBits = 6;
constexpr uint32_t kOptionMask = (1u << kOptionBits) - 1;
constexpr uint32_t kNoShift = 15;

uint64_t StepAt(Time now) {
  return static_cast<uint64_t>(now.time_since_epoch() / SynCookies::kStep);
}

}  // namespace

uint32_t SynCookies::Hash(const FlowKey& flow, Sequence peer_sequence,
                          uint64_t step, uint32_t size_index) const {
  const uint64_t more =
      uint64_t{peer_sequence.value()} | step << 35 | uint64_t{size_index} << 32;
  return static_cast<uint32_t>(
             HashFlow(key_, HashPurpose::kCookie, flow, more)) &
         kHashMask;
}

Sequence SynCookies::Make(const FlowKey& flow, Sequence peer_sequence,
                          uint16_t segment_bytes, Time now) {
  awaits_until_ = now + kStepsMax * kStep;
  const auto above = std::upper_bound(kSegmentBytes.begin() + 1,
                                      kSegmentBytes.end(), segment_bytes);
  const uint32_t index =
      static_cast<uint32_t>(above - kSegmentBytes.begin() - 1);
  const uint64_t step = StepAt(now);
  return Sequence(static_cast<uint32_t>(step & kStepMask) << kStepShift |
                  index << kHashBits | Hash(flow, peer_sequence, step, index));
}

std::optional<uint16_t> SynCookies::Check(const FlowKey& flow,
                                          Sequence peer_sequence,
                                          Sequence cookie, Time now) const {
  const uint32_t value = cookie.value();
  const uint64_t step_now = StepAt(now);
  const uint64_t age = (step_now - (value >> kStepShift)) & kStepMask;
  if (age >= kStepsMax || age > step_now) return std::nullopt;
  const uint32_t index = value >> kHashBits & 7;
  if (Hash(flow, peer_sequence, step_now - age, index) !=
      (value & kHashMask)) {
    return std::nullopt;
  }
  return kSegmentBytes[index];
}

uint32_t SynCookies::Encode(const OfferedOptions& offered,
                            uint32_t timestamp) {
  const uint32_t options = (offered.sack ? 1u : 0u) |
                           offered.window_shift.value_or(kNoShift) << 1 |
                           (offered.ecn ? 32u : 0u);
  uint32_t encoded = (timestamp & ~kOptionMask) | options;
  if (encoded - timestamp - 1 < kOptionMask) encoded -= kOptionMask + 1;
  return encoded;
}

SynCookies::OfferedOptions SynCookies::Decode(uint32_t timestamp) {
  OfferedOptions offered = {.sack = (timestamp & 1) != 0,
                            .ecn = (timestamp & 32) != 0,
                            .window_shift = std::nullopt};
  const uint32_t shift = timestamp >> 1 & 15;
  if (shift != kNoShift) offered.window_shift = static_cast<uint8_t>(shift);
  return offered;
}

}  // namespace ebbrt::tcp
