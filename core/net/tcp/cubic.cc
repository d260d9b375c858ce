#include "core/net/tcp/cubic.h"

#include <algorithm>

namespace ebbrt::tcp {
namespace {

// Of the estimate until it has reached the last congestion: section 4.3.
constexpr double kAlpha = 3 * (1 - Cubic::kBeta) / (1 + Cubic::kBeta);

double Seconds(Duration duration) {
  return static_cast<double>(duration.count()) * 1e-9;
}

// Newton's iteration, from above: it converges for every x >= 0.
double CubeRoot(double x) {
  if (x <= 0) return 0;
  constexpr int kStepsMax = 64;  // From 10^12.
  double root = std::max(x, 1.0);
  // A step takes a third off until it is near, then doubles the digits.
  for (int i = 0; i < kStepsMax; ++i) {
    const double next = (2 * root + x / (root * root)) / 3;
    if (next >= root) break;
    root = next;
  }
  return root;
}

}  // namespace

void Cubic::BeginEpoch(double window, Time now) {
  growth_.in_epoch = true;
  growth_.epoch = now;
  growth_.estimate = window;
  growth_.window_max = std::max(growth_.window_max, window);
  growth_.seconds_to_max = CubeRoot((growth_.window_max - window) / kC);
}

double Cubic::Curve(double seconds) const {
  const double t = seconds - growth_.seconds_to_max;
  return kC * t * t * t + growth_.window_max;
}

uint32_t Cubic::Avoid(const AckEvent& event) {
  const double segment = segment_bytes();
  const double now_window = window() / segment;
  if (!growth_.in_epoch) BeginEpoch(now_window, event.now);
  last_ack_ = event.now;
  const double acknowledged = event.acknowledged_bytes / segment;
  const double alpha =
      growth_.estimate < growth_.window_prior ? kAlpha : 1.0;
  growth_.estimate += alpha * acknowledged / now_window;
  const double t = Seconds(event.now - growth_.epoch);
  double next = growth_.estimate;
  if (Curve(t) >= growth_.estimate) {
    const double target = std::clamp(Curve(t + Seconds(event.rtt_mean)),
                                     now_window, 1.5 * now_window);
    next = now_window + (target - now_window) / now_window * acknowledged;
  }
  const double bytes = std::clamp(next * segment, 0.0, double{kWindowMax});
  // The estimate may stand below the window, which does not close here.
  return std::max(window(), static_cast<uint32_t>(bytes));
}

uint32_t Cubic::Decrease(uint32_t in_flight_bytes, Time) {
  const double window = in_flight_bytes / static_cast<double>(segment_bytes());
  // Fast convergence, section 4.7: a flow that has come down makes room.
  growth_.window_max = window < growth_.window_max
                           ? window * (1 + kBeta) / 2
                           : window;
  growth_.window_prior = window;
  growth_.in_epoch = false;
  return static_cast<uint32_t>(in_flight_bytes * kBeta);
}

void Cubic::OnUnlimited(const AckEvent& event) {
  // Section 5.8: the curve does not run while the window is not used.
  if (growth_.in_epoch && last_ack_ > growth_.epoch) {
    growth_.epoch += event.now - last_ack_;
  }
  last_ack_ = event.now;
}

}  // namespace ebbrt::tcp
