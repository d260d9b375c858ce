// Segments that a connection sends, and the window that they advertise.
#include <algorithm>
#include <array>
#include <utility>

#include "core/base/check.h"
#include "core/net/tcp/connection.h"

namespace ebbrt::tcp {
namespace {

using namespace tcp_flag;  // NOLINT: names of bits.

constexpr uint32_t kWindowFieldMax = 65535;
constexpr size_t kSackOptionBytes = 4;  // Without its blocks.
constexpr size_t kSackBlockBytes = 8;

}  // namespace

void Connection::Emit(uint8_t flags, Sequence sequence,
                      const IOBufChain& payload, uint16_t segment_bytes,
                      Ecn ecn, Time now) {
  TcpHeader header;
  header.source_port = key.local.port;
  header.destination_port = key.remote.port;
  header.sequence = sequence.value();
  header.flags = flags;
  if ((flags & kAck) != 0) {
    header.acknowledgment = receive_.next().value();
    last_acknowledged_ = receive_.next();
    acknowledge_now_ = false;
    acknowledgment_deadline_ = kTimeNever;
    if (ecn_echo_) header.flags |= kEce;
  }
  if ((flags & kSyn) != 0) {
    // RFC 7323 section 2.2: not scaled.
    const uint32_t room = std::min(WindowRoom(), kWindowFieldMax);
    header.window = static_cast<uint16_t>(room);
    if (state_ != State::kSynSent) {
      window_edge_ = Later(window_edge_, receive_.next() + room);
    }
  } else if ((flags & kRst) == 0) {
    MoveWindowEdge();
    header.window = WindowField();
  }
  if ((flags & kRst) == 0) FillOptions(header, payload.length(), now);
  std::array<std::byte, kTcpHeaderBytesMax> bytes;
  const size_t header_bytes = WriteTcpHeader(header, bytes);
  ++engine_.counters.segments_sent;
  engine_.output.Transmit({.source = key.local.address,
                           .destination = key.remote.address,
                           .header = std::span(bytes).first(header_bytes),
                           .segment_bytes = segment_bytes,
                           .ecn = ecn},
                          payload);
}

void Connection::FillOptions(TcpHeader& header, size_t payload_bytes,
                             Time now) {
  const Options& options = engine_.options;
  const bool first = state_ == State::kSynSent;
  size_t option_bytes = 0;
  if (first ? options.timestamps : timestamps_) {
    header.timestamps = {clock_.At(now),
                         header.Has(kAck) ? timestamp_recent_ : 0};
    option_bytes += kTcpTimestampOptionBytes;
  }
  if (header.Has(kSyn)) {
    header.segment_bytes_max = path_segment_bytes_;
    header.sack_permitted = first ? options.selective_acknowledgment : sack_;
    if (first || scales_) header.window_shift = window_shift_;
    return;
  }
  if (!sack_ || !receive_.has_report()) return;
  // RFC 6691: beside text there is room for them only where it leaves some.
  if (payload_bytes + kSackOptionBytes + kTcpSackBlocksMax * kSackBlockBytes >
      sender_.segment_bytes()) {
    return;
  }
  const size_t room = kTcpHeaderBytesMax - kTcpHeaderBytesMin - option_bytes -
                      kSackOptionBytes;
  const size_t blocks = std::min(room / kSackBlockBytes, kTcpSackBlocksMax);
  header.sack_count =
      receive_.ReportBlocks(std::span(header.sack_blocks).first(blocks));
}

void Connection::SendAck(Time now) {
  Emit(kAck, sender_.nxt(), IOBufChain(), 0, Ecn::kNotCapable, now);
}

void Connection::SendReset() {
  ++engine_.counters.resets_sent;
  const Sequence sequence = open() ? sender_.nxt() : initial_sequence_ + 1;
  Emit(kRst | kAck, sequence, IOBufChain(), 0, Ecn::kNotCapable,
       engine_.output.Now());
}

void Connection::Challenge(Time now) {
  if (now - challenge_period_began_ >= kChallengePeriod) {
    challenge_period_began_ = now;
    challenges_ = 0;
  }
  if (challenges_ >= kChallengesMax) {
    ++engine_.counters.challenges_withheld;
    return;
  }
  ++challenges_;
  ++engine_.counters.challenges_sent;
  if (open()) {
    SendAck(now);
  } else {
    Emit(kAck, initial_sequence_ + 1, IOBufChain(), 0, Ecn::kNotCapable, now);
  }
}

void Connection::EmitSegment(const SentSegment& segment, bool again, bool push,
                             Time now) {
  uint8_t flags = kAck;
  if (push && !segment.data.empty()) flags |= kPsh;
  if (segment.fin) flags |= kFin;
  Ecn ecn = Ecn::kNotCapable;
  if (ecn_ && !again && !segment.data.empty()) {
    ecn = Ecn::kCapable0;
    if (sender_.TakeWindowReduced()) flags |= kCwr;
  }
  const uint32_t segment_bytes = sender_.segment_bytes();
  const bool cut = segment.data.length() > segment_bytes;
  Emit(flags, segment.begin, segment.data,
       cut ? static_cast<uint16_t>(segment_bytes) : uint16_t{0}, ecn, now);
}

void Connection::Retransmit(Time now) {
  while (const SentSegment* segment = sender_.NextRetransmission(now)) {
    ++engine_.counters.segments_retransmitted;
    EmitSegment(*segment, /*again=*/true, /*push=*/true, now);
  }
}

void Connection::TrySendFin(Time now) {
  if (!close_wanted_ || fin_sent_ || !open()) return;
  const SentSegment* segment = sender_.SendFin(now);
  if (segment == nullptr) {
    // There is no window, or no memory: another try when something comes, or
    // after a while.
    sender_.SetBlocked(true, now);
    return;
  }
  sender_.SetBlocked(false, now);
  fin_sent_ = true;
  EmitSegment(*segment, /*again=*/false, /*push=*/false, now);
}

// How far behind next() the application is willing to go.
uint32_t Connection::WindowRoom() const {
  const size_t ready = receive_.ready().length();
  const size_t willing = receive_window_ > ready ? receive_window_ - ready : 0;
  const uint64_t unit = uint64_t{1} << window_shift_;
  // Rounded up to what the header can tell: rounding down would leave a window
  // of a few bytes closed.
  const uint64_t room =
      (std::min<uint64_t>(willing, engine_.options.receive_window_max) + unit -
       1) / unit * unit;
  return static_cast<uint32_t>(
      std::min<uint64_t>(room, uint64_t{kWindowFieldMax} << window_shift_));
}

// What has been advertised, as the header tells it.
uint16_t Connection::WindowField() const {
  if (window_edge_ <= receive_.next()) return 0;
  const uint32_t window = Span(receive_.next(), window_edge_);
  return static_cast<uint16_t>(
      std::min(window >> window_shift_, kWindowFieldMax));
}

void Connection::MoveWindowEdge() {
  const uint32_t room = WindowRoom();
  const Sequence edge = receive_.next() + room;
  if (edge <= window_edge_) return;
  // RFC 9293 section 3.8.6.2.2: not by little steps.
  const uint32_t step = std::min(sender_.segment_bytes(), room / 2);
  if (Span(window_edge_, edge) >= step) window_edge_ = edge;
}

}  // namespace ebbrt::tcp
