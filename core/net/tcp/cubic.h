// CUBIC: the window is a cubic function of the time since the last congestion,
// flat where that one happened, and never less than the standard's would be.
//
// Its arithmetic is in doubles, of the four basic operations only, so that it
// comes out the same on every machine.
//
// Cores: one. Blocks, allocates: never. Units: windows in segments, time in
// seconds, as in the RFC. Errors: none.
// Source: RFC 9438 section 4.
#ifndef EBBRT_CORE_NET_TCP_CUBIC_H_
#define EBBRT_CORE_NET_TCP_CUBIC_H_

#include <cstdint>

#include "core/base/types.h"
#include "core/net/tcp/congestion_control.h"

namespace ebbrt::tcp {

class Cubic final : public CongestionControl {
 public:
  static constexpr double kBeta = 0.7;
  static constexpr double kC = 0.4;

  using CongestionControl::CongestionControl;

 private:
  // What a congestion changes.
  struct Growth {
    double window_max = 0;     // Where the curve is flat.
    double window_prior = 0;   // At the last congestion.
    double estimate = 0;       // What the standard's window would be.
    double seconds_to_max = 0; // K.
    Time epoch{};              // Where the curve begins.
    bool in_epoch = false;
  };

  uint32_t Avoid(const AckEvent& event) override;
  uint32_t Decrease(uint32_t in_flight_bytes, Time now) override;
  void Save() override { saved_ = growth_; }
  void Restore() override { growth_ = saved_; }
  void OnUnlimited(const AckEvent& event) override;

  void BeginEpoch(double window, Time now);
  double Curve(double seconds) const;

  Growth growth_;
  Growth saved_;
  Time last_ack_{};
};

}  // namespace ebbrt::tcp

#endif  // EBBRT_CORE_NET_TCP_CUBIC_H_
