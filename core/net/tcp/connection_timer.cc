// What a connection does as time passes.
#include <algorithm>

#include "core/net/tcp/connection.h"

namespace ebbrt::tcp {
namespace {

using namespace tcp_flag;  // NOLINT: names of bits.

}  // namespace

void Connection::UpdateTimer() {
  if (ended_ || state_ == State::kClosed) return;
  const Time deadline =
      std::min({handshake_deadline_, acknowledgment_deadline_,
                keep_alive_deadline_, sender_.deadline()});
  // A later one is noticed when the earlier one fires.
  if (deadline < (place == 0 ? kTimeNever : DeadlineEntry::deadline)) {
    engine_.SetTimer(*this, deadline);
  }
}

void Connection::OnBurstEnd(Time now) {
  if (ended_ || state_ == State::kClosed) return;
  const uint32_t waits = Span(last_acknowledged_, receive_.next());
  if (!acknowledge_now_ && waits == 0) return;  // It rode on something.
  const Duration delay = engine_.options.acknowledgment_delay;
  if (acknowledge_now_ || waits >= AckThreshold() ||
      delay == Duration::zero()) {
    SendAck(now);
    return;
  }
  if (acknowledgment_deadline_ == kTimeNever) {
    acknowledgment_deadline_ = now + delay;
    UpdateTimer();
  }
}

void Connection::OnTimer(Time now) {
  if (handshake_deadline_ <= now) OnHandshakeTimer(now);
  if (acknowledgment_deadline_ <= now) SendAck(now);
  if (sender_.deadline() <= now) OnSenderTimer(now);
  if (!ended_ && keep_alive_deadline_ <= now) OnKeepAliveTimer(now);
  UpdateTimer();
}

void Connection::OnHandshakeTimer(Time now) {
  const Duration limit = passive_ ? engine_.options.give_up_accepting
                                  : engine_.options.give_up_opening;
  if (now - opened_at_ >= limit) {
    handshake_deadline_ = kTimeNever;
    ++(passive_ ? engine_.counters.half_open_dropped
                : engine_.counters.given_up);
    End(unreachable_ ? absl::UnavailableError("destination unreachable")
                     : absl::DeadlineExceededError("connection timed out"));
    return;
  }
  ++engine_.counters.timeouts;
  ++syn_timeouts_;
  SendSyn(now);
  ArmHandshakeTimer(now);
}

void Connection::OnSenderTimer(Time now) {
  switch (sender_.OnTimer(now)) {
    case TimerAction::kNone:
      return;
    case TimerAction::kTimeout:
      ++engine_.counters.timeouts;
      [[fallthrough]];
    case TimerAction::kRetransmit:
      Retransmit(now);
      return;
    case TimerAction::kProbeTail:
      if (const SentSegment* probe = sender_.TailProbe(now)) {
        ++engine_.counters.tail_probes;
        EmitSegment(*probe, /*again=*/true, /*push=*/true, now);
      }
      return;
    case TimerAction::kProbeWindow:
      TrySendFin(now);
      if (fin_sent_) {
        ++engine_.counters.window_probes;
        return;
      }
      if (sender_.Usable() != 0 && untaken_bytes_ != 0) {
        // Less than a segment, but nothing else will move it; or memory was
        // refused.
        starved_ = false;
        engine_.Defer(*this);
        return;
      }
      // Old news, which the peer answers with its window. Nothing is at hand
      // to probe with: what would be sent is with the application.
      ++engine_.counters.window_probes;
      Emit(kAck, sender_.una() - 1, IOBufChain(), 0, Ecn::kNotCapable, now);
      return;
    case TimerAction::kGiveUp:
      ++engine_.counters.given_up;
      SendReset();
      End(unreachable_ ? absl::UnavailableError("destination unreachable")
                       : absl::DeadlineExceededError("connection timed out"));
      return;
  }
}

void Connection::ArmKeepAlive(Time now) {
  keep_alives_sent_ = 0;
  keep_alive_deadline_ =
      keep_alive_.has_value() ? std::max(now, last_heard_ + keep_alive_->idle)
                              : kTimeNever;
}

// RFC 9293 section 3.8.4.
void Connection::OnKeepAliveTimer(Time now) {
  const Time due = last_heard_ + keep_alive_->idle;
  if (keep_alives_sent_ == 0 && now < due) {
    keep_alive_deadline_ = due;
    return;
  }
  // While something is outstanding the timeout watches the peer, and while its
  // window is closed the probes of that.
  if (sender_.outstanding_bytes() != 0 || untaken_bytes_ != 0) {
    keep_alives_sent_ = 0;
    keep_alive_deadline_ = now + keep_alive_->idle;
    return;
  }
  if (keep_alives_sent_ >= keep_alive_->probes) {
    ++engine_.counters.keep_alives_failed;
    SendReset();
    End(absl::DeadlineExceededError("the peer is gone"));
    return;
  }
  ++keep_alives_sent_;
  ++engine_.counters.keep_alives_sent;
  keep_alive_deadline_ = now + keep_alive_->interval;
  // Old news, without the byte that some old hosts want to see (SHOULD-6).
  Emit(kAck, sender_.una() - 1, IOBufChain(), 0, Ecn::kNotCapable, now);
}

}  // namespace ebbrt::tcp
