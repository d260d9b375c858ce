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
      if (fin_sent_) return;
      if (sender_.Usable() != 0 && untaken_bytes_ != 0) {
        // Less than a segment, but nothing else will move it; or memory was
        // refused.
        starved_ = false;
        engine_.Defer(*this);
        return;
      }
      // Old news, which the peer answers with its window. Nothing is at hand
      // to probe with: what would be sent is with the application.
      Emit(kAck, sender_.una() - 1, IOBufChain(), 0, Ecn::kNotCapable, now);
      return;
    case TimerAction::kGiveUp:
      SendReset();
      End(unreachable_ ? absl::UnavailableError("destination unreachable")
                       : absl::DeadlineExceededError("connection timed out"));
      return;
  }
}

void Connection::OnKeepAliveTimer(Time now) {
  const Options& options = engine_.options;
  const Time due = last_heard_ + options.keep_alive_idle;
  if (keep_alives_sent_ == 0 && now < due) {
    keep_alive_deadline_ = due;
    return;
  }
  // While something is outstanding the timeout watches the peer.
  if (sender_.outstanding_bytes() != 0) {
    keep_alive_deadline_ = now + options.keep_alive_idle;
    return;
  }
  if (keep_alives_sent_ >= options.keep_alive_probes) {
    SendReset();
    End(absl::DeadlineExceededError("connection timed out"));
    return;
  }
  ++keep_alives_sent_;
  keep_alive_deadline_ = now + options.keep_alive_interval;
  Emit(kAck, sender_.una() - 1, IOBufChain(), 0, Ecn::kNotCapable, now);
}

}  // namespace ebbrt::tcp
