#include "core/net/tcp/congestion_control.h"

#include <algorithm>
#include <new>

#include "core/net/tcp/cubic.h"
#include "core/net/tcp/new_reno.h"

namespace ebbrt::tcp {

CongestionControl::CongestionControl(uint32_t segment_bytes)
    : segment_bytes_(segment_bytes), window_(InitialWindow()) {}

uint32_t CongestionControl::InitialWindow() const {
  // RFC 6928 section 2.
  return std::min(10 * segment_bytes_, std::max(2 * segment_bytes_, 14600u));
}

void CongestionControl::OnAck(const AckEvent& event) {
  if (!event.window_limited) {
    OnUnlimited(event);
    return;
  }
  if (!in_slow_start()) {
    set_window(Avoid(event));
    return;
  }
  if (threshold_ != kNoThreshold) {
    // RFC 3465 section 2.3.
    set_window(window_ +
               std::min(event.acknowledged_bytes, 2 * segment_bytes_));
    return;
  }
  const bool ends =
      hystart_.OnAck(event.rtt_latest, event.acknowledged, event.sent);
  set_window(window_ +
             hystart_.Growth(event.acknowledged_bytes, segment_bytes_));
  if (ends) threshold_ = window_;
}

void CongestionControl::OnCongestion(uint32_t in_flight_bytes, Time now) {
  saved_window_ = window_;
  saved_threshold_ = threshold_;
  Save();
  threshold_ =
      std::max(Decrease(std::min(in_flight_bytes, window_), now),
               2 * segment_bytes_);
}

void CongestionControl::OnTimeout(uint32_t in_flight_bytes, Time now) {
  OnCongestion(in_flight_bytes, now);
  window_ = segment_bytes_;
}

void CongestionControl::OnSpurious() {
  window_ = std::max(window_, saved_window_);
  threshold_ = saved_threshold_;
  Restore();
}

void CongestionControl::OnIdle() {
  // RFC 5681 section 4.1; the threshold remembers how far it was.
  if (threshold_ != kNoThreshold) {
    threshold_ = std::max(threshold_, window_ / 4 * 3);
  }
  window_ = std::min(window_, InitialWindow());
}

void CongestionControl::OnSlowStart() { window_ = segment_bytes_; }

void CongestionControl::set_window(uint32_t bytes) {
  window_ = std::clamp(bytes, segment_bytes_, kWindowMax);
}

void CongestionControl::set_segment_bytes(uint32_t bytes) {
  segment_bytes_ = bytes;
  window_ = std::max(window_, bytes);
}

std::unique_ptr<CongestionControl> MakeCongestionControl(
    CongestionAlgorithm algorithm, uint32_t segment_bytes) {
  switch (algorithm) {
    case CongestionAlgorithm::kNewReno:
      return std::unique_ptr<CongestionControl>(
          new (std::nothrow) NewReno(segment_bytes));
    case CongestionAlgorithm::kCubic:
      return std::unique_ptr<CongestionControl>(
          new (std::nothrow) Cubic(segment_bytes));
  }
  return nullptr;
}

}  // namespace ebbrt::tcp
