// What the sender does as time passes.
#include <algorithm>

#include "core/base/check.h"
#include "core/net/tcp/sender.h"

namespace ebbrt::tcp {
namespace {

// The longest that a peer delays an acknowledgment, as RFC 8985 section 7.2
// assumes it.
constexpr Duration kPeerDelayMax = std::chrono::milliseconds(200);
// The least wait for a tail's acknowledgment: clocks and loops are no finer.
constexpr Duration kTailWaitMin = std::chrono::milliseconds(1);

}  // namespace

RttEstimator::Bounds Sender::TimeoutBounds() const {
  return {.margin_min = options_.timeout_min,
          .timeout_max = options_.timeout_max,
          .initial = options_.timeout_initial};
}

bool Sender::TailProbeAllowed() const {
  // RFC 8985 section 7.2.
  return sack_ && phase_ == Phase::kOpen && queue_.sacked_bytes() == 0 &&
         queue_.lost_bytes() == 0 && !tail_probe_.has_value() &&
         rtt_.has_sample() && rtt_.back_offs() == 0;
}

void Sender::Arm() {
  if (queue_.outstanding_bytes() == 0) {
    timer_ = blocked_ ? TimerKind::kWindow : TimerKind::kNone;
    deadline_ =
        blocked_ ? timer_base_ + rtt_.Timeout(TimeoutBounds()) : kTimeNever;
    return;
  }
  timer_ = TimerKind::kTimeout;
  deadline_ = timer_base_ + rtt_.Timeout(TimeoutBounds());
  if (reorder_deadline_ < deadline_) {
    timer_ = TimerKind::kReorder;
    deadline_ = reorder_deadline_;
  } else if (TailProbeAllowed()) {
    Duration wait = std::max(2 * rtt_.mean(), kTailWaitMin);
    if (queue_.outstanding_bytes() <= segment_bytes_) wait += kPeerDelayMax;
    timer_ = TimerKind::kTail;
    deadline_ = std::min(deadline_, std::max(last_sent_, timer_base_) + wait);
  }
}

TimerAction Sender::OnTimer(Time now) {
  EBBRT_DCHECK(deadline_ <= now);
  switch (timer_) {
    case TimerKind::kNone:
      return TimerAction::kNone;
    case TimerKind::kReorder:
      lost_before_ = queue_.lost_bytes();
      flight_before_ = queue_.in_flight_bytes();
      DetectLosses(now);
      if (queue_.lost_bytes() != 0 &&
          (phase_ == Phase::kOpen || phase_ == Phase::kReduced)) {
        EnterReduction(Phase::kRecovery, flight_before_, now);
      }
      if (phase_ == Phase::kRecovery) {
        congestion_->set_window(
            prr_.OnAck(0, queue_.in_flight_bytes(), congestion_->threshold(),
                       segment_bytes_, false));
      }
      Arm();
      return TimerAction::kRetransmit;
    case TimerKind::kTail:
      return TimerAction::kProbeTail;
    case TimerKind::kTimeout:
      return OnTimeout(now);
    case TimerKind::kWindow:
      if (GivesUp(now)) return TimerAction::kGiveUp;
      rtt_.BackOff();
      timer_base_ = now;
      override_ = true;
      Arm();
      return TimerAction::kProbeWindow;
  }
  return TimerAction::kNone;
}

SentSegment* Sender::TailProbe(Time now) {
  tail_probe_ = nxt();
  timer_base_ = now;
  SentSegment* last = queue_.back();
  if (last->bytes > segment_bytes_) {
    const uint32_t rest = last->bytes % segment_bytes_;
    const uint32_t kept = last->bytes - (rest == 0 ? segment_bytes_ : rest);
    if (!queue_.Cut(last, kept)) last = nullptr;
  }
  if (last != nullptr) {
    last = queue_.back();
    queue_.OnRetransmitted(last, now);
    last_sent_ = now;
  }
  Arm();
  return last;
}

bool Sender::GivesUp(Time now) {
  if (unanswered_since_ == kTimeNever) unanswered_since_ = now;
  return now - unanswered_since_ >= options_.give_up;
}

TimerAction Sender::OnTimeout(Time now) {
  if (GivesUp(now)) return TimerAction::kGiveUp;
  reorder_deadline_ = kTimeNever;
  tail_probe_.reset();
  duplicates_ = 0;
  // A peer that does not acknowledge what it acknowledged selectively has
  // dropped it (RFC 2018 section 8).
  if (!sack_ || queue_.front()->sacked) queue_.ForgetSacks();
  const uint32_t flight =
      queue_.outstanding_bytes() - queue_.sacked_bytes();
  if (sack_) {
    rack_.MarkTimedOut(queue_, rtt_, now);
  } else {
    for (SentSegment* segment = queue_.front(); segment != nullptr;
         segment = queue_.Next(segment)) {
      if (!segment->lost) queue_.MarkLost(segment);
    }
  }
  // RFC 5681 section 3.1: once for what is outstanding.
  if (phase_ != Phase::kTimeout) {
    phase_ = Phase::kTimeout;
    undo_timestamp_.reset();
    congestion_->OnTimeout(flight, now);
    reduction_end_ = nxt();
    window_reduced_ = ecn_;
    prr_.Start(flight);
  } else {
    congestion_->set_window(segment_bytes_);
  }
  rtt_.BackOff();
  timer_base_ = now;
  Arm();
  EBBRT_DCHECK(Consistent());
  return TimerAction::kTimeout;
}

}  // namespace ebbrt::tcp
