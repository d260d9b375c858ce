#include "core/net/tcp/connection.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/check.h"

namespace ebbrt::tcp {

Connection::Connection(Engine& engine, const FlowKey& key)
    : Flow(Kind::kConnection, key),
      engine_(engine),
      sender_(engine.options, engine.sent_segments),
      receive_(engine.held_buffers, engine.received_blocks),
      clock_(engine.ClockOf(key)),
      keep_alive_(engine.options.keep_alive) {}

size_t Connection::Send(IOBufChain& data) {
  if (!open() || close_wanted_ || data.empty()) return 0;
  const Time now = engine_.output.Now();
  size_t taken = 0;
  while (!data.empty()) {
    const uint32_t bytes = sender_.NextBytes(data.length());
    if (bytes == 0) break;
    const SentSegment* segment = sender_.SendData(data, bytes, now);
    starved_ = segment == nullptr;
    if (starved_) break;
    EmitSegment(*segment, /*again=*/false, /*push=*/data.empty(), now);
    taken += bytes;
  }
  untaken_bytes_ = data.length();
  sender_.SetBlocked(untaken_bytes_ != 0, now);
  UpdateTimer();
  return taken;
}

size_t Connection::SendWindow() const {
  return open() && !close_wanted_ ? sender_.Usable() : 0;
}

void Connection::SetReceiveWindow(size_t bytes) {
  if (ended_) return;
  receive_window_ = bytes;
  // What waits is given to the handler in an event of its own.
  if (bytes != 0 && !receive_.ready().empty() && !in_handler_) {
    engine_.Defer(*this);
  }
  if (!receives()) return;
  // Tells a peer that may be waiting, and one that is soon to.
  const uint32_t room_before = Span(receive_.next(), window_edge_);
  MoveWindowEdge();
  const uint32_t gain = Span(receive_.next(), window_edge_) - room_before;
  const uint32_t half = engine_.options.receive_window_max / 2;
  if (gain != 0 &&
      (room_before < std::min(sender_.segment_bytes(), half) || gain >= half)) {
    SendAck(engine_.output.Now());
  }
}

void Connection::SetKeepAlive(const std::optional<KeepAlive>& keep_alive) {
  EBBRT_CHECK(!keep_alive.has_value() ||
              (std::min(keep_alive->idle, keep_alive->interval) >=
                   std::chrono::milliseconds(1) &&
               keep_alive->probes != 0));
  keep_alive_ = keep_alive;
  if (ended_ || !open()) return;
  ArmKeepAlive(engine_.output.Now());
  UpdateTimer();
}

void Connection::Close() {
  if (!open() || close_wanted_) return;
  close_wanted_ = true;
  untaken_bytes_ = 0;
  const Time now = engine_.output.Now();
  sender_.SetBlocked(false, now);
  state_ = state_ == State::kCloseWait ? State::kLastAck : State::kFinWait1;
  TrySendFin(now);
  UpdateTimer();
}

void Connection::Abort() {
  if (ended_) return;
  if (open()) SendReset();
  End(absl::CancelledError("aborted"));
}

void Connection::End(const absl::Status& status) {
  if (ended_) return;
  ended_ = true;
  state_ = State::kClosed;
  // Whoever reads it knows several peers.
  status_ = status.ok()
                ? status
                : absl::Status(status.code(),
                               absl::StrCat(remote().ToString(), ": ",
                                            status.message()));
  sender_.Clear();
  receive_.Clear();
  if (std::exchange(half_open_counted_, false)) --engine_.half_open_count;
  engine_.Detach(*this);
  engine_.Defer(*this);
}

void Connection::EndIfBothClosed() {
  if (state_ == State::kClosed && told_peer_closed_) End(absl::OkStatus());
}

void Connection::OnPathMtu(Sequence sequence, uint16_t segment_bytes_max,
                           Time now) {
  // RFC 5927 section 7: only of what is in flight, and only downwards.
  if (!open() || sequence < sender_.una() || sequence >= sender_.nxt()) return;
  const uint16_t limit = std::max(segment_bytes_max, kPathSegmentBytesMin);
  if (limit >= path_segment_bytes_) return;
  path_segment_bytes_ = limit;
  const uint32_t options = timestamps_ ? kTcpTimestampOptionBytes : 0;
  sender_.SetSegmentBytes(limit - options, now);
  Retransmit(now);
  UpdateTimer();
}

void Connection::OnUnreachable(Sequence sequence, bool refused) {
  if (state_ == State::kSynSent || state_ == State::kSynReceived) {
    if (sequence != initial_sequence_) return;
    unreachable_ = true;
    if (refused) End(absl::UnavailableError("connection refused"));
    return;
  }
  // RFC 5927 section 6: an open connection does not believe it.
  if (open() && sequence >= sender_.una() && sequence < sender_.nxt()) {
    unreachable_ = true;
  }
}

void Connection::OnAddressLost() {
  // Without a reset: it would come from an address that is somebody else's.
  End(absl::UnavailableError("our address is gone"));
}

bool Connection::Consistent() {
  return ended_ || state_ < State::kEstablished ||
         (sender_.Consistent() && receive_.next() <= window_edge_ + 1 &&
          last_acknowledged_ <= receive_.next());
}

}  // namespace ebbrt::tcp
