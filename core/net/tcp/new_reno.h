// The standard congestion control: half on congestion, then a segment a round
// trip.
//
// Cores: one. Blocks, allocates: never. Units: bytes. Errors: none.
// Source: RFC 5681 section 3.1; RFC 3465 section 2.1.
#ifndef EBBRT_CORE_NET_TCP_NEW_RENO_H_
#define EBBRT_CORE_NET_TCP_NEW_RENO_H_

#include <cstdint>

#include "core/net/tcp/congestion_control.h"

namespace ebbrt::tcp {

class NewReno final : public CongestionControl {
 public:
  using CongestionControl::CongestionControl;

 private:
  uint32_t Avoid(const AckEvent& event) override {
    counted_ += event.acknowledged_bytes;
    if (counted_ < window()) return window();
    counted_ -= window();
    return window() + segment_bytes();
  }
  uint32_t Decrease(uint32_t in_flight_bytes, Time) override {
    counted_ = 0;
    return in_flight_bytes / 2;
  }
  void Save() override {}
  void Restore() override {}

  uint32_t counted_ = 0;  // Acknowledged since the window last opened.
};

}  // namespace ebbrt::tcp

#endif  // EBBRT_CORE_NET_TCP_NEW_RENO_H_
