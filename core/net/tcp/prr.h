// Proportional rate reduction: how much to send on each acknowledgment while
// losses are repaired, so that the window comes down to the threshold evenly.
//
// Cores: one. Blocks, allocates: never. Units: bytes. Errors: none.
// Source: RFC 6937 section 3, with its conservative bound, and the slow start
// one where an acknowledgment shows progress and no new loss.
#ifndef EBBRT_CORE_NET_TCP_PRR_H_
#define EBBRT_CORE_NET_TCP_PRR_H_

#include <algorithm>
#include <cstdint>

namespace ebbrt::tcp {

class Prr {
 public:
  // `flight_bytes`: what was out when recovery began.
  void Start(uint32_t flight_bytes) {
    flight_bytes_ = std::max(flight_bytes, 1u);
    delivered_bytes_ = 0;
    sent_bytes_ = 0;
  }
  void OnSent(uint32_t bytes) { sent_bytes_ += bytes; }

  // The window after an acknowledgment. `good`: it moved forward, and no more
  // is known to be lost.
  uint32_t OnAck(uint32_t delivered_bytes, uint32_t in_flight_bytes,
                 uint32_t threshold, uint32_t segment_bytes, bool good) {
    delivered_bytes_ += delivered_bytes;
    uint64_t may_send = 0;
    if (in_flight_bytes > threshold) {
      const uint64_t share =
          (delivered_bytes_ * threshold + flight_bytes_ - 1) / flight_bytes_;
      may_send = share > sent_bytes_ ? share - sent_bytes_ : 0;
    } else {
      const uint64_t owed =
          delivered_bytes_ > sent_bytes_ ? delivered_bytes_ - sent_bytes_ : 0;
      uint64_t limit = std::max<uint64_t>(owed, delivered_bytes);
      if (good) limit += segment_bytes;
      may_send = std::min<uint64_t>(threshold - in_flight_bytes, limit);
    }
    // The first retransmission never waits.
    if (sent_bytes_ == 0) {
      may_send = std::max<uint64_t>(may_send, segment_bytes);
    }
    return static_cast<uint32_t>(in_flight_bytes + may_send);
  }

 private:
  uint64_t flight_bytes_ = 1;
  uint64_t delivered_bytes_ = 0;
  uint64_t sent_bytes_ = 0;
};

}  // namespace ebbrt::tcp

#endif  // EBBRT_CORE_NET_TCP_PRR_H_
