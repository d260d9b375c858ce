#include "core/net/tcp/rack.h"

#include <algorithm>

namespace ebbrt::tcp {

void Rack::BeginAck(Time now, std::optional<uint32_t> echo,
                    Duration rtt_least) {
  now_ = now;
  echo_ = echo;
  rtt_least_ = rtt_least;
  newest_sample_ = Time::min();
  delivered_ = {};
}

void Rack::OnDelivered(const SentSegment& segment, Sequence end,
                       uint32_t bytes) {
  delivered_.bytes += bytes;
  const Duration rtt = now_ - segment.sent_at;
  if (!segment.retransmitted && segment.sent_at >= newest_sample_) {
    newest_sample_ = segment.sent_at;
    delivered_.rtt = rtt;
  }
  // Step 3: reordering is an original that arrives behind younger ones.
  if (!begun_ || end > highest_) {
    begun_ = true;
    highest_ = end;
  } else if (end < highest_ && !segment.retransmitted) {
    reordering_seen_ = true;
  }
  // Step 2: which of two transmissions has arrived?
  if (segment.retransmitted) {
    if (echo_.has_value() &&
        TimestampClock::Before(*echo_, clock_.At(segment.sent_at))) {
      return;
    }
    if (rtt < rtt_least_) return;
  }
  if (SentAfter(segment.sent_at, end, sent_at_, end_)) {
    sent_at_ = segment.sent_at;
    end_ = end;
    rtt_ = rtt;
  }
}

void Rack::OnDuplicateReport(Sequence una, Sequence nxt) {
  // Step 4: once a round trip.
  if (duplicate_round_.has_value() && una < *duplicate_round_) return;
  duplicate_round_ = nxt;
  quarters_ = std::min(quarters_ + 1, kQuartersMax);
  persist_ = kPersistRecoveries;
}

void Rack::OnRecoveryEnd() {
  if (persist_ > 0 && --persist_ > 0) return;
  quarters_ = 1;
  persist_ = kPersistRecoveries;
}

Duration Rack::ReorderWindow(const RttEstimator& rtt) const {
  if (!rtt.has_sample()) return Duration::zero();
  return std::min(rtt.least() / 4 * quarters_, rtt.mean());
}

Duration Rack::DetectLosses(SendQueue& queue, const RttEstimator& rtt,
                            bool in_recovery, uint32_t segment_bytes,
                            Time now) {
  if (!begun_) return Duration::zero();
  Duration window = ReorderWindow(rtt);
  if (!reordering_seen_ &&
      (in_recovery ||
       queue.sacked_bytes() >= kDuplicatesThreshold * segment_bytes)) {
    window = Duration::zero();
  }
  Duration wait = Duration::zero();
  for (SentSegment* segment = queue.front(); segment != nullptr;
       segment = queue.Next(segment)) {
    if (segment->sacked || segment->lost) continue;
    if (!SentAfter(sent_at_, end_, segment->sent_at, segment->end())) continue;
    const Duration left = segment->sent_at + rtt_ + window - now;
    if (left <= Duration::zero()) {
      queue.MarkLost(segment);
    } else {
      wait = std::max(wait, left);
    }
  }
  return wait;
}

void Rack::MarkTimedOut(SendQueue& queue, const RttEstimator& rtt, Time now) {
  const Duration window = ReorderWindow(rtt);
  for (SentSegment* segment = queue.front(); segment != nullptr;
       segment = queue.Next(segment)) {
    if (segment->sacked || segment->lost) continue;
    if (segment == queue.front() ||
        segment->sent_at + rtt_ + window <= now) {
      queue.MarkLost(segment);
    }
  }
}

}  // namespace ebbrt::tcp
