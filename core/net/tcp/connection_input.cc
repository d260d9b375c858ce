// What a segment does to a connection: RFC 9293 section 3.10.7.4, step by step.
#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/net/tcp/connection.h"

namespace ebbrt::tcp {
namespace {

using namespace tcp_flag;  // NOLINT: names of bits.

// A timestamp this old says nothing any more: RFC 7323 section 5.5.
constexpr Duration kTimestampLife = std::chrono::hours(24 * 24);

uint32_t LengthOf(const TcpHeader& header, const IOBufChain& payload) {
  return static_cast<uint32_t>(payload.length()) +
         (header.Has(kSyn) ? 1 : 0) + (header.Has(kFin) ? 1 : 0);
}

}  // namespace

void Connection::OnSegment(const TcpHeader& header, IOBufChain&& payload,
                           Ecn ecn, Time now) {
  if (state_ == State::kClosed) return;
  if (state_ == State::kSynSent) {
    OnSegmentInSynSent(header, ecn, now);
    if (!ended_) UpdateTimer();
    Pump();
    return;
  }
  const Sequence sequence(header.sequence);
  const uint32_t length = LengthOf(header, payload);
  if (state_ == State::kSynReceived && header.Has(kSyn) &&
      sequence + 1 == receive_.next() &&
      header.Has(kAck) == !passive_) {
    // Our answer was lost; or both have opened, and this is the peer's.
    if (passive_) {
      SendSyn(now);  // The timer goes on: nobody keeps it from running out.
    } else if (OnAckInSynReceived(header, now)) {
      acknowledge_now_ = true;
      engine_.AwaitBurstEnd(*this);
    }
    UpdateTimer();
    Pump();
    return;
  }
  // First: the sequence number and the timestamps.
  if (!PassesTimestamps(header, now) ||
      !Acceptable(header, sequence, length)) {
    OnUnacceptable(header, sequence, length, now);
    UpdateTimer();
    return;
  }
  last_heard_ = now;
  keep_alives_sent_ = 0;
  starved_ = false;
  // Second and fourth: RST and SYN.
  if (header.Has(kRst)) {
    OnReset(sequence, now);
    return;
  }
  if (header.Has(kSyn)) {
    Challenge(now);
    return;
  }
  // Fifth: the acknowledgment.
  if (!header.Has(kAck)) return;
  if (state_ == State::kSynReceived && !OnAckInSynReceived(header, now)) return;
  if (timestamps_ && sequence <= last_acknowledged_ &&
      !TimestampClock::Before(header.timestamps->value, timestamp_recent_)) {
    timestamp_recent_ = header.timestamps->value;
    timestamp_recent_at_ = now;
  }
  if (ecn_) {
    if (header.Has(kCwr)) ecn_echo_ = false;
    if (ecn == Ecn::kCongestion) ecn_echo_ = true;
  }
  if (!OnAck(header, sequence, length == 0, now)) return;
  // Seventh and eighth: text and FIN. What is urgent is text as any other.
  if (length != 0 && receives()) {
    OnText(header, sequence, std::move(payload), now);
  }
  if (!ended_) UpdateTimer();
  EBBRT_DCHECK(Consistent());
  Pump();
}

bool Connection::Acceptable(const TcpHeader& header, Sequence sequence,
                            uint32_t length) const {
  // An acknowledgment that others have overtaken is of no harm and worth no
  // answer; it may be as old as what we acknowledged last.
  if (length == 0) {
    return last_acknowledged_ <= sequence && sequence <= window_edge_;
  }
  // FIN needs no room, so a closed window does not hide it.
  if (length == 1 && header.Has(kFin) && sequence == receive_.next()) {
    return true;
  }
  // Text beyond a closed window is dropped, but its acknowledgment counts.
  if (sequence == receive_.next()) return true;
  return sequence + length > receive_.next() && sequence < window_edge_;
}

// RFC 7323 section 5.3: R1.
bool Connection::PassesTimestamps(const TcpHeader& header, Time now) {
  if (!timestamps_ || header.Has(kRst)) return true;
  if (!header.timestamps.has_value()) return false;
  return !TimestampClock::Before(header.timestamps->value,
                                 timestamp_recent_) ||
         now - timestamp_recent_at_ > kTimestampLife;
}

void Connection::OnUnacceptable(const TcpHeader& header, Sequence sequence,
                                uint32_t length, Time now) {
  ++engine_.counters.dropped_unacceptable;
  if (header.Has(kRst)) return;
  // RFC 7323 section 3.2: without its timestamps it is dropped silently.
  if (timestamps_ && !header.timestamps.has_value()) return;
  const bool repeats = length != 0 && !header.Has(kSyn) &&
                       sequence + length <= receive_.next();
  if (repeats && length > 1) {
    // Sent again, so the peer has not had our acknowledgment: it is never
    // withheld, and it tells of the duplicate.
    last_heard_ = now;
    receive_.OnRepeated(sequence, sequence + length);
    SendAck(now);
    return;
  }
  Challenge(now);
}

// RFC 5961 section 3.2.
bool Connection::OnReset(Sequence sequence, Time now) {
  if (sequence != receive_.next()) {
    if (state_ != State::kSynReceived) Challenge(now);
    return false;
  }
  ++engine_.counters.resets_received;
  // A half-open connection that the peer began is nobody's yet.
  End(absl::UnavailableError(state_ == State::kSynReceived
                                 ? "connection refused"
                                 : "connection reset by peer"));
  return true;
}

// False: the segment is dropped.
bool Connection::OnAck(const TcpHeader& header, Sequence sequence, bool pure,
                       Time now) {
  const Sequence acknowledgment(header.acknowledgment);
  if (acknowledgment > sender_.nxt()) {
    Challenge(now);
    UpdateTimer();
    return false;
  }
  if (acknowledgment < sender_.una()) {
    // RFC 5961 section 5.2: from before any window there was.
    if (acknowledgment < sender_.una() - sender_.peer_window_max()) {
      Challenge(now);
      UpdateTimer();
      return false;
    }
    return true;  // An old one says nothing new.
  }
  AckInput input = {.sequence = sequence,
                    .acknowledgment = acknowledgment,
                    .window = uint32_t{header.window} << peer_window_shift_,
                    .sacks = header.sacks(),
                    .echo = std::nullopt,
                    .congestion = header.Has(kEce),
                    .pure = pure};
  if (timestamps_) input.echo = header.timestamps->echo;
  sender_.OnAck(input, now);
  Retransmit(now);
  TrySendFin(now);
  if (fin_sent_ && sender_.outstanding_bytes() == 0) OnFinAcknowledged(now);
  return true;
}

void Connection::OnFinAcknowledged(Time now) {
  switch (state_) {
    case State::kFinWait1:
      state_ = State::kFinWait2;
      break;
    case State::kClosing:
      EnterTimeWait(now);
      break;
    case State::kLastAck:
      engine_.Detach(*this);
      state_ = State::kClosed;
      EndIfBothClosed();
      break;
    default:
      break;
  }
}

void Connection::OnText(const TcpHeader& header, Sequence sequence,
                        IOBufChain&& payload, Time now) {
  bool fin = header.Has(kFin);
  const Sequence end = sequence + static_cast<uint32_t>(payload.length());
  if (end > window_edge_) {
    // Beyond what was invited.
    const uint32_t beyond = std::min<uint32_t>(
        Span(Later(window_edge_, sequence), end),
        static_cast<uint32_t>(payload.length()));
    if (beyond != 0) {
      payload.TrimBack(beyond);
      fin = false;
    }
  }
  const bool holes = receive_.has_holes();
  const bool in_order = receive_.Insert(sequence, std::move(payload), fin);
  if (receive_.finished()) OnPeerFin(now);
  if (state_ == State::kClosed) return;
  if (!in_order) {
    // RFC 5681 section 4.2: at once, so that the peer learns of the gap.
    SendAck(now);
    return;
  }
  acknowledge_now_ = acknowledge_now_ || holes || fin;
  engine_.AwaitBurstEnd(*this);
}

void Connection::OnPeerFin(Time now) {
  ++engine_.counters.peers_closed;
  switch (state_) {
    case State::kEstablished:
      state_ = State::kCloseWait;
      break;
    case State::kFinWait1:
      // Our FIN is not acknowledged, or state_ would be kFinWait2.
      state_ = State::kClosing;
      break;
    case State::kFinWait2:
      SendAck(now);
      EnterTimeWait(now);
      break;
    default:
      break;
  }
}

void Connection::EnterTimeWait(Time now) {
  engine_.Detach(*this);
  TimeWait* rest =
      engine_.time_wait.Add(key, now + engine_.options.time_wait);
  if (rest != nullptr) {
    rest->send_next = sender_.nxt();
    rest->receive_next = receive_.next();
    rest->window = WindowField();
    if (timestamps_) rest->timestamp_recent = timestamp_recent_;
    rest->clock = clock_;
    engine_.AnnounceDeadline();
  }
  state_ = State::kClosed;
  sender_.Clear();
  EndIfBothClosed();
}

}  // namespace ebbrt::tcp
