// The handshake of a connection.
#include <algorithm>
#include <utility>

#include "core/net/tcp/connection.h"

namespace ebbrt::tcp {
namespace {

using namespace tcp_flag;  // NOLINT: names of bits.

// SYNs that ask for ECN before we try without: RFC 3168 section 6.1.1.1.
constexpr uint32_t kEcnSynsMax = 2;

}  // namespace

void Connection::OpenActive(std::unique_ptr<TcpHandler> handler, Time now) {
  handler_ = std::move(handler);
  state_ = State::kSynSent;
  opened_at_ = now;
  initial_sequence_ = engine_.InitialSequence(key, now);
  path_segment_bytes_ =
      engine_.output.PathTo(key.local.address, key.remote.address)
          .segment_bytes_max;
  window_shift_ = engine_.options.WindowShift();
  SendSyn(now);
  ArmHandshakeTimer(now);
  UpdateTimer();
}

bool Connection::EcnSetUp(const TcpHeader& header) const {
  const uint8_t both = header.flags & (kEce | kCwr);
  if (engine_.options.ecn == EcnUse::kOff) return false;
  return header.Has(kAck) ? both == kEce : both == (kEce | kCwr);
}

void Connection::SetOptions(const TcpHeader& syn) {
  const Options& options = engine_.options;
  peer_segment_bytes_ = std::max(
      syn.segment_bytes_max.value_or(kSegmentBytesDefault), kSegmentBytesMin);
  sack_ = options.selective_acknowledgment && syn.sack_permitted;
  timestamps_ = options.timestamps && syn.timestamps.has_value();
  scales_ = syn.window_shift.has_value();
  if (scales_) {
    peer_window_shift_ = *syn.window_shift;
    window_shift_ = options.WindowShift();
  } else {
    window_shift_ = 0;
  }
}

void Connection::OpenPassive(const TcpHeader& syn, Ecn ecn,
                             std::optional<Sequence> after, Time now) {
  passive_ = true;
  state_ = State::kSynReceived;
  opened_at_ = last_heard_ = now;
  half_open_counted_ = true;
  ++engine_.half_open_count;
  initial_sequence_ = engine_.InitialSequence(key, now);
  if (after.has_value()) {
    initial_sequence_ = Later(initial_sequence_, *after + 1);
  }
  path_segment_bytes_ =
      engine_.output.PathTo(key.local.address, key.remote.address)
          .segment_bytes_max;
  SetOptions(syn);
  ecn_ = EcnSetUp(syn) && ecn == Ecn::kNotCapable;
  if (timestamps_) {
    timestamp_recent_ = syn.timestamps->value;
    timestamp_recent_at_ = now;
  }
  receive_.Start(Sequence(syn.sequence) + 1);
  window_edge_ = last_acknowledged_ = receive_.next();
  SendSyn(now);
  ArmHandshakeTimer(now);
  UpdateTimer();
}

bool Connection::OpenFromCookie(const TcpHeader& header,
                                uint16_t segment_bytes,
                                const SynCookies::OfferedOptions& offered,
                                Time now) {
  passive_ = true;
  state_ = State::kSynReceived;
  syns_sent_ = 1;
  opened_at_ = last_heard_ = now;
  initial_sequence_ = Sequence(header.acknowledgment) - 1;
  path_segment_bytes_ =
      engine_.output.PathTo(key.local.address, key.remote.address)
          .segment_bytes_max;
  TcpHeader syn;
  syn.segment_bytes_max = segment_bytes;
  if (engine_.options.timestamps && header.timestamps.has_value()) {
    syn.timestamps = header.timestamps;
    syn.sack_permitted = offered.sack;
    syn.window_shift = offered.window_shift;
    ecn_ = offered.ecn && engine_.options.ecn != EcnUse::kOff;
    timestamp_recent_ = header.timestamps->value;
    timestamp_recent_at_ = now;
  }
  SetOptions(syn);
  receive_.Start(Sequence(header.sequence));
  window_edge_ = last_acknowledged_ = receive_.next();
  // What the SYN-ACK invited.
  window_edge_ += std::min(engine_.options.receive_window_max, 65535u);
  return Establish(Sequence(header.acknowledgment),
                   uint32_t{header.window} << peer_window_shift_, now);
}

void Connection::SendSyn(Time now) {
  ++syns_sent_;
  uint8_t flags = kSyn;
  if (state_ == State::kSynReceived) {
    flags |= kAck;
    if (ecn_) flags |= kEce;
  } else if (engine_.options.ecn == EcnUse::kRequest &&
             syns_sent_ <= kEcnSynsMax) {
    flags |= kEce | kCwr;
  }
  Emit(flags, initial_sequence_, IOBufChain(), 0, Ecn::kNotCapable, now);
}

// RFC 6298 section 5.5.
void Connection::ArmHandshakeTimer(Time now) {
  Duration wait = engine_.options.timeout_initial;
  for (uint32_t i = 0; i < syn_timeouts_ && wait < engine_.options.timeout_max;
       ++i) {
    wait *= 2;
  }
  handshake_deadline_ = now + std::min(wait, engine_.options.timeout_max);
}

bool Connection::Establish(Sequence acknowledgment, uint32_t window,
                           Time now) {
  const uint32_t option_bytes = timestamps_ ? kTcpTimestampOptionBytes : 0;
  const Path path =
      engine_.output.PathTo(key.local.address, key.remote.address);
  path_segment_bytes_ = std::max(path.segment_bytes_max, kSegmentBytesMin);
  std::optional<Duration> rtt;
  if (syns_sent_ == 1 && now > opened_at_) rtt = now - opened_at_;
  const bool begun = sender_.Begin(
      {.next = acknowledgment,
       .segment_bytes =
           std::min(path_segment_bytes_, peer_segment_bytes_) - option_bytes,
       .cut_bytes_max = path.cut_bytes_max,
       .window = window,
       .window_from = receive_.next(),
       .sack = sack_,
       .ecn = ecn_,
       .syn_retransmitted = syns_sent_ > 1,
       .clock = clock_,
       .rtt = rtt},
      now);
  if (!begun) return false;
  state_ = State::kEstablished;
  handshake_deadline_ = kTimeNever;
  if (std::exchange(half_open_counted_, false)) --engine_.half_open_count;
  passive_ ? ++engine_.counters.opened_passive
           : ++engine_.counters.opened_active;
  last_heard_ = now;
  ArmKeepAlive(now);
  return true;
}

// RFC 9293 section 3.10.7.3.
void Connection::OnSegmentInSynSent(const TcpHeader& header, Ecn ecn,
                                    Time now) {
  const Sequence acknowledgment(header.acknowledgment);
  const bool acknowledges = acknowledgment == initial_sequence_ + 1;
  if (header.Has(kAck) && !acknowledges) {
    if (!header.Has(kRst)) {
      Emit(kRst, acknowledgment, IOBufChain(), 0, Ecn::kNotCapable, now);
      ++engine_.counters.resets_sent;
    }
    return;
  }
  if (header.Has(kRst)) {
    if (!header.Has(kAck)) return;
    ++engine_.counters.resets_received;
    End(absl::UnavailableError("connection refused"));
    return;
  }
  if (!header.Has(kSyn)) return;
  SetOptions(header);
  ecn_ = EcnSetUp(header) && engine_.options.ecn == EcnUse::kRequest &&
         ecn == Ecn::kNotCapable;
  if (timestamps_) {
    timestamp_recent_ = header.timestamps->value;
    timestamp_recent_at_ = now;
  }
  receive_.Start(Sequence(header.sequence) + 1);
  // What the SYN invited, which was not scaled.
  window_edge_ = last_acknowledged_ = receive_.next();
  window_edge_ += std::min(engine_.options.receive_window_max, 65535u);
  if (!header.Has(kAck)) {
    // Both have opened: section 3.5, figure 8.
    state_ = State::kSynReceived;
    ecn_ = false;
    SendSyn(now);
    ArmHandshakeTimer(now);
    return;
  }
  if (!Establish(acknowledgment, header.window, now)) {
    SendReset();
    End(absl::ResourceExhaustedError("no memory for a connection"));
    return;
  }
  acknowledge_now_ = true;
  engine_.AwaitBurstEnd(*this);
}

bool Connection::OnAckInSynReceived(const TcpHeader& header, Time now) {
  const Sequence acknowledgment(header.acknowledgment);
  if (acknowledgment != initial_sequence_ + 1) {
    Emit(kRst, acknowledgment, IOBufChain(), 0, Ecn::kNotCapable, now);
    ++engine_.counters.resets_sent;
    return false;
  }
  if (Establish(acknowledgment, uint32_t{header.window} << peer_window_shift_,
                now)) {
    return true;
  }
  SendReset();
  End(absl::ResourceExhaustedError("no memory for a connection"));
  return false;
}

}  // namespace ebbrt::tcp
