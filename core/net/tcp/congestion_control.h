// How much may be in flight: one small interface, and the algorithms behind it.
//
// The window opens with acknowledgments, and on congestion says where to go on
// from; how it gets there while losses are repaired is Prr's matter
// (core/net/tcp/prr.h), when there is congestion the Sender's.
//
// Cores: one. Ownership: the Sender's. Blocks: never. Allocates: when made.
// Units: bytes, Time, Duration.
// Errors: null where memory is refused.
// Source: RFC 5681 section 3; RFC 3465 (counting bytes); RFC 6928 (initial
// window); RFC 9406 (HyStart++); RFC 9438 (CUBIC).
#ifndef EBBRT_CORE_NET_TCP_CONGESTION_CONTROL_H_
#define EBBRT_CORE_NET_TCP_CONGESTION_CONTROL_H_

#include <cstdint>
#include <limits>
#include <memory>

#include "core/base/types.h"
#include "core/net/tcp/hystart.h"
#include "core/net/tcp/options.h"
#include "core/net/tcp/sequence.h"

namespace ebbrt::tcp {

// An acknowledgment of new bytes outside of recovery.
struct AckEvent {
  Time now;
  uint32_t acknowledged_bytes;
  // Whether the window was what held the sender back; if it was not, it says
  // nothing about the network that more arrived.
  bool window_limited;
  Duration rtt_latest;  // Zero: this one gave no sample.
  Duration rtt_mean;
  Sequence acknowledged;  // Up to here.
  Sequence sent;          // Up to here.
};

class CongestionControl {
 public:
  static constexpr uint32_t kNoThreshold = std::numeric_limits<uint32_t>::max();
  // No window is larger: what window scaling can express.
  static constexpr uint32_t kWindowMax = uint32_t{1} << 30;

  explicit CongestionControl(uint32_t segment_bytes);
  virtual ~CongestionControl() = default;

  // Opens the window.
  void OnAck(const AckEvent& event);
  // The network drops or marks: sets the threshold, to which the window then
  // comes down. `in_flight_bytes` is what was out when it began.
  void OnCongestion(uint32_t in_flight_bytes, Time now);
  // All is lost: one segment, then up to the threshold.
  void OnTimeout(uint32_t in_flight_bytes, Time now);
  // The last congestion was none: as it was before.
  void OnSpurious();
  // Nothing was sent for longer than the timeout.
  void OnIdle();
  // The handshake took more than one SYN: RFC 5681 section 3.1.
  void OnSlowStart();

  uint32_t window() const { return window_; }
  uint32_t threshold() const { return threshold_; }
  bool in_slow_start() const { return window_ < threshold_; }
  uint32_t segment_bytes() const { return segment_bytes_; }

  // While losses are repaired, and after.
  void set_window(uint32_t bytes);
  void set_segment_bytes(uint32_t bytes);

 protected:
  // In congestion avoidance: returns the new window.
  virtual uint32_t Avoid(const AckEvent& event) = 0;
  // The threshold after a congestion with so much in flight.
  virtual uint32_t Decrease(uint32_t in_flight_bytes, Time now) = 0;
  // Keeps, or brings back, what Decrease changed.
  virtual void Save() = 0;
  virtual void Restore() = 0;
  // Was not limited by the window at `event`.
  virtual void OnUnlimited(const AckEvent& event) { (void)event; }

 private:
  uint32_t InitialWindow() const;

  uint32_t segment_bytes_;
  uint32_t window_;
  uint32_t threshold_ = kNoThreshold;
  uint32_t saved_window_ = 0;
  uint32_t saved_threshold_ = kNoThreshold;
  HyStart hystart_;
};

// Null where memory is refused.
std::unique_ptr<CongestionControl> MakeCongestionControl(
    CongestionAlgorithm algorithm, uint32_t segment_bytes);

}  // namespace ebbrt::tcp

#endif  // EBBRT_CORE_NET_TCP_CONGESTION_CONTROL_H_
