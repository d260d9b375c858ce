#include "core/net/wire/tcp_header.h"

#include <algorithm>
#include <cstring>

#include "core/base/check.h"

namespace ebbrt {
namespace {

// Kinds of options.
constexpr uint8_t kEnd = 0;
constexpr uint8_t kNoOperation = 1;
constexpr uint8_t kSegmentBytesMax = 2;
constexpr uint8_t kWindowShift = 3;
constexpr uint8_t kSackPermitted = 4;
constexpr uint8_t kSack = 5;
constexpr uint8_t kTimestamps = 8;

// Shifts beyond this one count as this one: RFC 7323 section 2.3.
constexpr uint8_t kWindowShiftMax = 14;

uint8_t Load8(const std::byte* at) { return std::to_integer<uint8_t>(*at); }
uint16_t Load16(const std::byte* at) {
  return static_cast<uint16_t>(Load8(at) << 8 | Load8(at + 1));
}
uint32_t Load32(const std::byte* at) {
  uint32_t value;
  std::memcpy(&value, at, sizeof(value));
  return __builtin_bswap32(value);
}

// Writes integers in network order, one after the other.
class Writer {
 public:
  explicit Writer(std::byte* at) : begin_(at), at_(at) {}

  void Put8(uint8_t value) { *at_++ = std::byte{value}; }
  void Put16(uint16_t value) {
    Put8(static_cast<uint8_t>(value >> 8));
    Put8(static_cast<uint8_t>(value));
  }
  void Put32(uint32_t value) {
    value = __builtin_bswap32(value);
    std::memcpy(at_, &value, sizeof(value));
    at_ += sizeof(value);
  }
  size_t written() const { return static_cast<size_t>(at_ - begin_); }

 private:
  std::byte* begin_;
  std::byte* at_;
};

// `option` is one whole option, with its kind and length.
void ParseOption(std::span<const std::byte> option, TcpHeader& header) {
  const std::byte* value = option.data() + 2;
  switch (Load8(option.data())) {
    case kSegmentBytesMax:
      if (option.size() == 4) header.segment_bytes_max = Load16(value);
      break;
    case kWindowShift:
      if (option.size() == 3) {
        header.window_shift = std::min(Load8(value), kWindowShiftMax);
      }
      break;
    case kSackPermitted:
      if (option.size() == 2) header.sack_permitted = true;
      break;
    case kTimestamps:
      if (option.size() == 10) {
        header.timestamps = {Load32(value), Load32(value + 4)};
      }
      break;
    case kSack:
      if (option.size() % 8 != 2) break;
      header.sack_count = 0;
      for (; value + 8 <= option.data() + option.size() &&
             header.sack_count < kTcpSackBlocksMax;
           value += 8) {
        header.sack_blocks[header.sack_count++] = {Load32(value),
                                                   Load32(value + 4)};
      }
      break;
    default:
      break;
  }
}

void ParseOptions(std::span<const std::byte> options, TcpHeader& header) {
  while (!options.empty()) {
    const uint8_t kind = Load8(options.data());
    if (kind == kEnd) return;
    if (kind == kNoOperation) {
      options = options.subspan(1);
      continue;
    }
    if (options.size() < 2) return;
    const size_t length = Load8(options.data() + 1);
    if (length < 2 || length > options.size()) return;
    ParseOption(options.first(length), header);
    options = options.subspan(length);
  }
}

void PutSynOptions(const TcpHeader& header, Writer& writer) {
  if (header.segment_bytes_max.has_value()) {
    writer.Put8(kSegmentBytesMax);
    writer.Put8(4);
    writer.Put16(*header.segment_bytes_max);
  }
  if (header.window_shift.has_value()) {
    writer.Put8(kNoOperation);
    writer.Put8(kWindowShift);
    writer.Put8(3);
    writer.Put8(*header.window_shift);
  }
  if (header.sack_permitted) {
    writer.Put8(kNoOperation);
    writer.Put8(kNoOperation);
    writer.Put8(kSackPermitted);
    writer.Put8(2);
  }
}

}  // namespace

std::optional<ParsedTcpHeader> ParseTcpHeader(
    std::span<const std::byte> segment) {
  if (segment.size() < kTcpHeaderBytesMin) return std::nullopt;
  const std::byte* at = segment.data();
  const size_t bytes = size_t{Load8(at + 12)} >> 4 << 2;
  if (bytes < kTcpHeaderBytesMin || bytes > segment.size()) {
    return std::nullopt;
  }
  ParsedTcpHeader parsed = {.header = {}, .bytes = bytes};
  TcpHeader& header = parsed.header;
  header.source_port = Load16(at);
  header.destination_port = Load16(at + 2);
  header.sequence = Load32(at + 4);
  header.acknowledgment = Load32(at + 8);
  header.flags = Load8(at + 13);
  header.window = Load16(at + 14);
  ParseOptions(segment.subspan(kTcpHeaderBytesMin, bytes - kTcpHeaderBytesMin),
               header);
  return parsed;
}

std::optional<TcpHeader> TakeTcpHeader(IOBufChain& segment) {
  const size_t bytes = std::min(segment.length(), kTcpHeaderBytesMax);
  if (bytes < kTcpHeaderBytesMin) return std::nullopt;
  std::array<std::byte, kTcpHeaderBytesMax> copy;
  std::span<const std::byte> header = segment.front().bytes();
  if (header.size() < bytes) {
    segment.CopyTo(std::span(copy).first(bytes));
    header = std::span(copy).first(bytes);
  }
  std::optional<ParsedTcpHeader> parsed = ParseTcpHeader(header);
  if (!parsed.has_value()) return std::nullopt;
  segment.TrimFront(parsed->bytes);
  return parsed->header;
}

size_t WriteTcpHeader(const TcpHeader& header,
                      std::span<std::byte, kTcpHeaderBytesMax> to) {
  Writer writer(to.data());
  writer.Put16(header.source_port);
  writer.Put16(header.destination_port);
  writer.Put32(header.sequence);
  writer.Put32(header.acknowledgment);
  writer.Put8(0);  // The offset of the data, below.
  writer.Put8(header.flags);
  writer.Put16(header.window);
  writer.Put32(0);  // Checksum and urgent pointer.
  if (header.Has(tcp_flag::kSyn)) PutSynOptions(header, writer);
  if (header.timestamps.has_value()) {
    writer.Put8(kNoOperation);
    writer.Put8(kNoOperation);
    writer.Put8(kTimestamps);
    writer.Put8(10);
    writer.Put32(header.timestamps->value);
    writer.Put32(header.timestamps->echo);
  }
  if (header.sack_count != 0) {
    EBBRT_CHECK(writer.written() + 4 + size_t{header.sack_count} * 8 <=
                kTcpHeaderBytesMax);
    writer.Put8(kNoOperation);
    writer.Put8(kNoOperation);
    writer.Put8(kSack);
    writer.Put8(static_cast<uint8_t>(2 + header.sack_count * 8));
    for (const TcpSackBlock& block : header.sacks()) {
      writer.Put32(block.begin);
      writer.Put32(block.end);
    }
  }
  const size_t bytes = writer.written();
  to[12] = std::byte{static_cast<uint8_t>(bytes / 4 << 4)};
  return bytes;
}

}  // namespace ebbrt
