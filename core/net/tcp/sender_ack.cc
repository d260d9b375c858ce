// What the sender learns from acknowledgments.
#include <algorithm>
#include <array>

#include "core/base/check.h"
#include "core/net/tcp/sender.h"

namespace ebbrt::tcp {
namespace {

// Whether the first block tells of bytes that the peer got twice: RFC 2883
// section 4.
bool IsDuplicateReport(const AckInput& input) {
  const Sequence begin(input.sacks[0].begin);
  const Sequence end(input.sacks[0].end);
  if (end <= input.acknowledgment) return true;
  return input.sacks.size() > 1 && begin >= Sequence(input.sacks[1].begin) &&
         end <= Sequence(input.sacks[1].end);
}

}  // namespace

bool Sender::OnAck(const AckInput& input, Time now) {
  EBBRT_DCHECK(una() <= input.acknowledgment && input.acknowledgment <= nxt());
  const Sequence una_before = una();
  const uint32_t window_before = peer_window_;
  flight_before_ = queue_.in_flight_bytes();
  lost_before_ = queue_.lost_bytes();
  UpdatePeerWindow(input);
  rack_.BeginAck(now, input.echo, rtt_.least());
  queue_.AcknowledgeTo(input.acknowledgment, rack_);
  const uint32_t acknowledged = Span(una_before, una());
  const bool duplicate_report = ProcessSacks(input);
  delivered_ = rack_.delivered().bytes;
  SampleRtt(input, acknowledged, now);
  if (acknowledged != 0) {
    timer_base_ = now;
    unanswered_since_ = kTimeNever;
    if (!sack_) OnPartialAck(acknowledged);
  } else {
    // An answer, if not the one waited for, to a window's probe.
    if (peer_window_ == 0 || queue_.outstanding_bytes() == 0) {
      unanswered_since_ = kTimeNever;
    }
    if (!sack_ && input.pure && window_before == peer_window_) {
      OnDuplicate(input);
    }
  }
  AnswerTailProbe(input, duplicate_report, now);
  DetectLosses(now);
  const bool reducing = phase_ != Phase::kOpen;
  ChangePhase(input, acknowledged, now);
  OpenWindow(input, acknowledged, reducing, now);
  Arm();
  EBBRT_DCHECK(Consistent());
  return acknowledged != 0;
}

void Sender::SampleRtt(const AckInput& input, uint32_t acknowledged,
                       Time now) {
  const uint32_t samples =
      queue_.outstanding_bytes() / (2 * segment_bytes_) + 1;
  if (rack_.delivered().rtt.has_value()) {
    rtt_.OnSample(*rack_.delivered().rtt, samples, now);
    rtt_.ResetBackOff();
  } else if (acknowledged != 0 && input.echo.has_value()) {
    // RFC 7323 section 4: of something sent twice only the echo can tell, if
    // more coarsely.
    const std::chrono::milliseconds rtt(clock_.At(now) - *input.echo);
    if (rtt.count() != 0 && rtt <= options_.timeout_max) {
      rtt_.OnSample(rtt, samples, now);
    }
    rtt_.ResetBackOff();
  } else if (acknowledged != 0 && phase_ == Phase::kTimeout &&
             una() < reduction_end_) {
    // Karn's algorithm would have the timeout stay long until something was
    // sent once and acknowledged. But the path delivers, and without SACK each
    // further loss of this repair waits for a timeout.
    rtt_.ResetBackOff();
  }
}

void Sender::UpdatePeerWindow(const AckInput& input) {
  // RFC 9293 section 3.10.7.4: not from an older segment than the last time.
  const bool newer = window_sequence_ < input.sequence ||
                     (window_sequence_ == input.sequence &&
                      window_acknowledgment_ <= input.acknowledgment);
  if (!newer) return;
  if (peer_window_ == 0 && input.window != 0) rtt_.ResetBackOff();
  peer_window_ = input.window;
  peer_window_max_ = std::max(peer_window_max_, input.window);
  window_sequence_ = input.sequence;
  window_acknowledgment_ = input.acknowledgment;
}

bool Sender::ProcessSacks(const AckInput& input) {
  if (!sack_ || input.sacks.empty()) return false;
  bool duplicate_report = false;
  std::array<TcpSackBlock, kTcpSackBlocksMax> blocks;
  size_t count = 0;
  for (size_t i = 0; i < input.sacks.size(); ++i) {
    const Sequence begin(input.sacks[i].begin);
    const Sequence end(input.sacks[i].end);
    if (begin >= end || end > nxt()) continue;
    if (i == 0 && IsDuplicateReport(input)) {
      duplicate_report = true;
    } else if (begin >= una()) {
      // The older first, so that order tells of reordering.
      size_t at = count++;
      for (; at > 0 && begin < Sequence(blocks[at - 1].begin); --at) {
        blocks[at] = blocks[at - 1];
      }
      blocks[at] = input.sacks[i];
    }
  }
  for (size_t i = 0; i < count; ++i) {
    queue_.AcknowledgeBlock(Sequence(blocks[i].begin), Sequence(blocks[i].end),
                            segment_bytes_, rack_);
  }
  if (duplicate_report) rack_.OnDuplicateReport(una(), nxt());
  return duplicate_report;
}

void Sender::AnswerTailProbe(const AckInput& input, bool duplicate_report,
                             Time now) {
  // RFC 8985 section 7.4.2.
  if (!tail_probe_.has_value() || input.acknowledgment < *tail_probe_) return;
  const bool repaired =
      !duplicate_report && input.acknowledgment > *tail_probe_;
  const bool both_arrived =
      !duplicate_report && input.acknowledgment == una() && input.pure &&
      rack_.delivered().bytes == 0 && input.sacks.empty();
  if (duplicate_report || both_arrived) {
    tail_probe_.reset();
  } else if (repaired) {
    // The probe repaired a loss, which was a sign of congestion.
    tail_probe_.reset();
    if (phase_ == Phase::kOpen) {
      congestion_->OnCongestion(flight_before_, now);
      congestion_->set_window(congestion_->threshold());
    }
  }
}

void Sender::OnDuplicate(const AckInput& input) {
  // RFC 5681 section 3.2, where a duplicate is defined so.
  if (queue_.outstanding_bytes() == 0) return;
  if (phase_ == Phase::kTimeout) return;
  if (phase_ == Phase::kOpen && input.acknowledgment < reduction_end_) return;
  ++duplicates_;
  const uint32_t sacked_before = queue_.sacked_bytes();
  queue_.PretendSacked(duplicates_);
  delivered_ += queue_.sacked_bytes() - sacked_before;
  SentSegment* first = queue_.front();
  if (duplicates_ == Rack::kDuplicatesThreshold && !first->lost) {
    queue_.MarkLost(first);
  }
}

void Sender::OnPartialAck(uint32_t acknowledged) {
  // RFC 6582 section 3.2 step 3: in recovery the next one is missing, too.
  if (phase_ != Phase::kRecovery || una() >= reduction_end_) {
    duplicates_ = 0;
    queue_.ForgetSacks();
    return;
  }
  const uint32_t segments =
      (acknowledged + segment_bytes_ - 1) / segment_bytes_;
  // One was the retransmission, and the others are in the count.
  duplicates_ -= std::min(duplicates_, segments - 1);
  queue_.PretendSacked(duplicates_);
  SentSegment* first = queue_.front();
  if (first != nullptr && !first->lost) queue_.MarkLost(first);
}

void Sender::DetectLosses(Time now) {
  reorder_deadline_ = kTimeNever;
  if (!sack_) return;
  const bool in_recovery =
      phase_ == Phase::kRecovery || phase_ == Phase::kTimeout;
  // Without gaps there is nothing to detect, unless something was sent again.
  if (queue_.sacked_bytes() == 0 && !in_recovery && !tail_probe_.has_value()) {
    return;
  }
  const Duration wait =
      rack_.DetectLosses(queue_, rtt_, in_recovery, segment_bytes_, now);
  if (wait != Duration::zero()) reorder_deadline_ = now + wait;
}

bool Sender::Spurious(const AckInput& input) const {
  return undo_timestamp_.has_value() && input.echo.has_value() &&
         TimestampClock::Before(*input.echo, *undo_timestamp_);
}

void Sender::EnterReduction(Phase phase, uint32_t flight, Time now) {
  phase_ = phase;
  reduction_end_ = nxt();
  undo_timestamp_.reset();
  tail_probe_.reset();
  congestion_->OnCongestion(flight, now);
  prr_.Start(flight);
  window_reduced_ = ecn_;
}

void Sender::LeaveReduction() {
  if (phase_ != Phase::kTimeout) {
    congestion_->set_window(congestion_->threshold());
    rack_.OnRecoveryEnd();
  }
  phase_ = Phase::kOpen;
  undo_timestamp_.reset();
  duplicates_ = 0;
  if (!sack_) queue_.ForgetSacks();
}

void Sender::ChangePhase(const AckInput& input, uint32_t acknowledged,
                         Time now) {
  if (phase_ != Phase::kOpen && acknowledged != 0) {
    if (Spurious(input)) {
      congestion_->OnSpurious();
      queue_.ForgetLosses();
      phase_ = Phase::kOpen;
      undo_timestamp_.reset();
    } else if (una() >= reduction_end_) {
      LeaveReduction();
    }
  }
  const bool may_begin = phase_ == Phase::kOpen || phase_ == Phase::kReduced;
  if (queue_.lost_bytes() != 0 && may_begin) {
    EnterReduction(Phase::kRecovery, flight_before_, now);
  } else if (input.congestion && ecn_ && phase_ == Phase::kOpen &&
             acknowledged != 0 && una() > reduction_end_) {
    EnterReduction(Phase::kReduced, flight_before_, now);
  }
}

void Sender::OpenWindow(const AckInput& input, uint32_t acknowledged,
                        bool reducing, Time now) {
  if (phase_ == Phase::kRecovery || phase_ == Phase::kReduced) {
    const bool good =
        acknowledged != 0 && queue_.lost_bytes() <= lost_before_;
    congestion_->set_window(
        prr_.OnAck(delivered_, queue_.in_flight_bytes(),
                   congestion_->threshold(), segment_bytes_, good));
    return;
  }
  const bool repairing = phase_ == Phase::kTimeout;
  if (acknowledged == 0 || (reducing && !repairing)) return;
  // In slow start half a window is enough to tell that it is used.
  uint64_t used = uint64_t{flight_before_} + segment_bytes_;
  if (congestion_->in_slow_start()) used = 2 * uint64_t{flight_before_};
  congestion_->OnAck(
      {.now = now,
       .acknowledged_bytes = acknowledged,
       .window_limited = repairing || used >= congestion_->window(),
       .rtt_latest = rack_.delivered().rtt.value_or(Duration::zero()),
       .rtt_mean = rtt_.mean(),
       .acknowledged = una(),
       .sent = nxt()});
}

}  // namespace ebbrt::tcp
