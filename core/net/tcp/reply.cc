#include "core/net/tcp/reply.h"

#include <algorithm>
#include <array>
#include <span>

namespace ebbrt::tcp {
namespace {

using namespace tcp_flag;  // NOLINT: names of bits.

void Transmit(Engine& engine, const FlowKey& key, TcpHeader& header) {
  header.source_port = key.local.port;
  header.destination_port = key.remote.port;
  std::array<std::byte, kTcpHeaderBytesMax> bytes;
  const size_t header_bytes = WriteTcpHeader(header, bytes);
  ++engine.counters.segments_sent;
  engine.output.Transmit({.source = key.local.address,
                          .destination = key.remote.address,
                          .header = std::span(bytes).first(header_bytes)},
                         IOBufChain());
}

}  // namespace

void AnswerWithReset(Engine& engine, const FlowKey& key,
                     const TcpHeader& header, uint32_t payload_bytes) {
  TcpHeader reset;
  if (header.Has(kAck)) {
    reset.sequence = header.acknowledgment;
    reset.flags = kRst;
  } else {
    reset.acknowledgment = header.sequence + payload_bytes +
                           (header.Has(kSyn) ? 1 : 0) +
                           (header.Has(kFin) ? 1 : 0);
    reset.flags = kRst | kAck;
  }
  ++engine.counters.resets_sent;
  Transmit(engine, key, reset);
}

void AnswerWithCookie(Engine& engine, SynCookies& cookies, const FlowKey& key,
                      const TcpHeader& syn, Time now) {
  const Options& options = engine.options;
  const uint16_t path_bytes =
      engine.output.PathTo(key.local.address, key.remote.address)
          .segment_bytes_max;
  TcpHeader answer;
  answer.flags = kSyn | kAck;
  // Without timestamps nothing tells of a scale, and the window is 16 bits.
  answer.window =
      static_cast<uint16_t>(std::min(options.receive_window_max, 65535u));
  answer.segment_bytes_max = path_bytes;
  answer.acknowledgment = syn.sequence + 1;
  answer.sequence =
      cookies.Make(key, Sequence(syn.sequence),
                   syn.segment_bytes_max.value_or(536), now)
          .value();
  if (options.timestamps && syn.timestamps.has_value()) {
    const SynCookies::OfferedOptions offered = {
        .sack = options.selective_acknowledgment && syn.sack_permitted,
        .ecn = options.ecn != EcnUse::kOff && syn.Has(kEce) && syn.Has(kCwr),
        .window_shift = syn.window_shift};
    answer.timestamps = {
        SynCookies::Encode(offered, engine.ClockOf(key).At(now)),
        syn.timestamps->value};
    answer.sack_permitted = offered.sack;
    if (offered.window_shift.has_value()) {
      answer.window_shift = options.WindowShift();
    }
    if (offered.ecn) answer.flags |= kEce;
  }
  ++engine.counters.cookies_sent;
  Transmit(engine, key, answer);
}

void AnswerInTimeWait(Engine& engine, const TimeWait& waiting, Time now) {
  TcpHeader answer;
  answer.flags = kAck;
  answer.sequence = waiting.send_next.value();
  answer.acknowledgment = waiting.receive_next.value();
  answer.window = waiting.window;
  if (waiting.timestamp_recent.has_value()) {
    answer.timestamps = {waiting.clock.At(now), *waiting.timestamp_recent};
  }
  Transmit(engine, waiting.key, answer);
}

}  // namespace ebbrt::tcp
