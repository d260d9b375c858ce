// Recent acknowledgment: a segment is lost if one that was sent well after it
// has arrived. Time takes the place of counting duplicates, and how much later
// is enough is learnt from the reordering that is seen.
//
// Cores: one. Ownership: none. Blocks, allocates: never. Units: Time.
// Errors: none. Source: RFC 8985 section 6.
#ifndef EBBRT_CORE_NET_TCP_RACK_H_
#define EBBRT_CORE_NET_TCP_RACK_H_

#include <cstdint>
#include <optional>

#include "core/base/types.h"
#include "core/net/tcp/rtt.h"
#include "core/net/tcp/send_queue.h"
#include "core/net/tcp/sequence.h"
#include "core/net/tcp/timestamp_clock.h"

namespace ebbrt::tcp {

class Rack {
 public:
  // So many recoveries a wider window is kept without another duplicate.
  static constexpr uint32_t kPersistRecoveries = 16;
  // The window is at most so many quarters of the least round trip.
  static constexpr uint32_t kQuartersMax = 64;
  // Without reordering, so many segments beyond a gap are proof of a loss.
  static constexpr uint32_t kDuplicatesThreshold = 3;

  // What an acknowledgment delivered.
  struct Delivered {
    uint32_t bytes = 0;
    // Of the segment sent last, among those sent once.
    std::optional<Duration> rtt;
  };

  void Start(const TimestampClock& clock) { clock_ = clock; }

  // An acknowledgment comes, with a timestamp's echo perhaps; OnDelivered
  // follows for each segment it delivers, the older before the younger ones.
  void BeginAck(Time now, std::optional<uint32_t> echo, Duration rtt_least);
  void OnDelivered(const SentSegment& segment, Sequence end, uint32_t bytes);
  const Delivered& delivered() const { return delivered_; }

  // The peer reports that it had bytes already: something was sent again
  // without need.
  void OnDuplicateReport(Sequence una, Sequence nxt);
  void OnRecoveryEnd();

  // Marks as lost what is. Returns after how long there may be more; zero:
  // not by time alone.
  Duration DetectLosses(SendQueue& queue, const RttEstimator& rtt,
                        bool in_recovery, uint32_t segment_bytes, Time now);
  // On a timeout: the first, and all that were sent long enough ago.
  void MarkTimedOut(SendQueue& queue, const RttEstimator& rtt, Time now);

  bool reordering_seen() const { return reordering_seen_; }

 private:
  static bool SentAfter(Time a, Sequence a_end, Time b, Sequence b_end) {
    return a > b || (a == b && a_end > b_end);
  }
  Duration ReorderWindow(const RttEstimator& rtt) const;

  TimestampClock clock_;
  // The segment sent last of all that have arrived: RACK.xmit_ts, end_seq, rtt.
  Time sent_at_ = Time::min();
  Sequence end_;
  Duration rtt_ = Duration::zero();
  Sequence highest_;  // RACK.fack; means something once begun_.
  bool begun_ = false;
  bool reordering_seen_ = false;
  uint32_t quarters_ = 1;  // RACK.reo_wnd_mult.
  uint32_t persist_ = kPersistRecoveries;
  std::optional<Sequence> duplicate_round_;

  // Of the acknowledgment at hand.
  Time now_{};
  std::optional<uint32_t> echo_;
  Duration rtt_least_ = Duration::max();
  Time newest_sample_ = Time::min();
  Delivered delivered_;
};

}  // namespace ebbrt::tcp

#endif  // EBBRT_CORE_NET_TCP_RACK_H_
