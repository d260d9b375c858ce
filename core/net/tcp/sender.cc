#include "core/net/tcp/sender.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace ebbrt::tcp {
namespace {

uint32_t RoundDown(uint32_t bytes, uint32_t to) { return bytes / to * to; }

}  // namespace

bool Sender::Begin(const Start& start, Time now) {
  segment_bytes_ = start.segment_bytes;
  // Without SACK a duplicate acknowledgment stands for one segment on the
  // wire, so that one here must be one there.
  cut_bytes_max_ = start.sack ? start.cut_bytes_max : 0;
  congestion_ = MakeCongestionControl(options_.congestion, segment_bytes_);
  if (congestion_ == nullptr) return false;
  if (start.syn_retransmitted) congestion_->OnSlowStart();
  queue_.Start(start.next);
  rack_.Start(start.clock);
  clock_ = start.clock;
  sack_ = start.sack;
  ecn_ = start.ecn;
  peer_window_ = peer_window_max_ = start.window;
  window_sequence_ = start.window_from;
  window_acknowledgment_ = start.next;
  reduction_end_ = start.next;
  last_sent_ = now;
  if (start.rtt.has_value()) rtt_.OnSample(*start.rtt, 1, now);
  return true;
}

uint32_t Sender::Usable() const {
  const uint32_t outstanding = queue_.outstanding_bytes();
  const uint32_t in_flight = queue_.in_flight_bytes();
  const uint32_t window = congestion_->window();
  if (window <= in_flight) return 0;
  const uint32_t limit = std::min(peer_window_, options_.send_bytes_max);
  if (limit <= outstanding || queue_.full()) return 0;
  return std::min(limit - outstanding, window - in_flight);
}

uint32_t Sender::NextBytes(size_t available) const {
  const uint32_t usable = Usable();
  if (usable == 0 || queue_.lost_bytes() != 0) return 0;
  const uint32_t bytes =
      static_cast<uint32_t>(std::min<size_t>(available, usable));
  if (bytes >= segment_bytes_) {
    const uint32_t cut = RoundDown(cut_bytes_max_, segment_bytes_);
    const uint32_t limit = std::max(segment_bytes_, cut);
    if (bytes >= limit) return limit;
    // The rest of the last whole segment goes by itself, if it may go.
    return RoundDown(bytes, segment_bytes_);
  }
  // RFC 9293 section 3.8.6.2.1: less than a segment only if it is all there
  // is, or as much as the peer ever takes, or nothing else moves.
  const bool idle = queue_.outstanding_bytes() == 0;
  if (bytes == available && (idle || !options_.nagle)) return bytes;
  const bool window_limits = bytes < available;
  if (window_limits && bytes >= peer_window_max_ / 2) return bytes;
  return override_ && idle ? bytes : 0;
}

SentSegment* Sender::SendData(IOBufChain& data, uint32_t bytes, Time now) {
  SentSegment* segment = queue_.Prepare();
  if (segment == nullptr) return nullptr;
  std::optional<IOBufChain> part = data.SplitFront(bytes);
  if (!part.has_value()) {
    queue_.Cancel(segment);
    return nullptr;
  }
  if (queue_.outstanding_bytes() == 0) {
    if (now - last_sent_ > rtt_.Timeout(TimeoutBounds())) {
      congestion_->OnIdle();
    }
    timer_base_ = now;
  }
  if (phase_ != Phase::kOpen) prr_.OnSent(bytes);
  queue_.Commit(segment, *std::move(part), /*fin=*/false, now);
  last_sent_ = now;
  override_ = false;
  Arm();
  return segment;
}

SentSegment* Sender::SendFin(Time now) {
  // Where the window is closed and nothing is under way, it is the probe.
  const bool fits = queue_.outstanding_bytes() < peer_window_;
  if (!fits && queue_.outstanding_bytes() != 0) return nullptr;
  SentSegment* segment = queue_.Prepare();
  if (segment == nullptr) return nullptr;
  if (queue_.outstanding_bytes() == 0) timer_base_ = now;
  queue_.Commit(segment, IOBufChain(), /*fin=*/true, now);
  Arm();
  return segment;
}

void Sender::SetBlocked(bool blocked, Time now) {
  if (blocked == blocked_) return;
  blocked_ = blocked;
  if (queue_.outstanding_bytes() != 0) return;
  if (blocked) timer_base_ = now;
  Arm();
}

bool Sender::TakeWindowReduced() {
  return std::exchange(window_reduced_, false);
}

void Sender::SetSegmentBytes(uint32_t bytes, Time now) {
  if (bytes >= segment_bytes_) return;
  segment_bytes_ = bytes;
  congestion_->set_segment_bytes(bytes);
  // What did not fit was lost; it is cut as it is sent again.
  for (SentSegment* segment = queue_.front(); segment != nullptr;
       segment = queue_.Next(segment)) {
    if (segment->bytes > bytes && !segment->sacked && !segment->lost) {
      queue_.MarkLost(segment);
    }
  }
  Arm();
}

void Sender::Clear() {
  queue_.Clear();
  deadline_ = kTimeNever;
  timer_ = TimerKind::kNone;
}

SentSegment* Sender::NextRetransmission(Time now) {
  SentSegment* segment = queue_.FirstLost();
  if (segment == nullptr) return nullptr;
  const uint32_t in_flight = queue_.in_flight_bytes();
  const uint32_t window = congestion_->window();
  const uint32_t room = window > in_flight ? window - in_flight : 0;
  if (room < std::min(segment->bytes, segment_bytes_) && in_flight != 0) {
    return nullptr;
  }
  const uint32_t limit =
      std::max(segment_bytes_,
               RoundDown(std::min(room, cut_bytes_max_), segment_bytes_));
  // Where it cannot be cut, memory is short, and it waits for a timeout.
  if (segment->bytes > limit && !queue_.Cut(segment, limit)) return nullptr;
  queue_.OnRetransmitted(segment, now);
  if (phase_ != Phase::kOpen) {
    prr_.OnSent(segment->bytes);
    if (!undo_timestamp_.has_value()) undo_timestamp_ = clock_.At(now);
  }
  last_sent_ = now;
  Arm();
  return segment;
}

bool Sender::Consistent() {
  return queue_.Consistent() && queue_.una() <= queue_.nxt() &&
         queue_.lost_bytes() + queue_.sacked_bytes() <=
             queue_.outstanding_bytes() &&
         (congestion_ == nullptr ||
          congestion_->window() >= congestion_->segment_bytes());
}

}  // namespace ebbrt::tcp
