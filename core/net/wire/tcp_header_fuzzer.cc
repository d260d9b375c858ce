// What libFuzzer makes up is parsed, written, and parsed to the same values.
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/base/check.h"
#include "core/net/wire/tcp_header.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using ebbrt::ParsedTcpHeader;
  const std::optional<ParsedTcpHeader> parsed =
      ebbrt::ParseTcpHeader(std::as_bytes(std::span(data, bytes)));
  if (!parsed.has_value()) return 0;
  EBBRT_CHECK(parsed->bytes <= bytes);
  ebbrt::TcpHeader header = parsed->header;
  // What a sender never has together.
  if (header.Has(ebbrt::tcp_flag::kSyn)) {
    header.sack_count = 0;
  } else {
    header.segment_bytes_max.reset();
    header.window_shift.reset();
    header.sack_permitted = false;
    if (header.timestamps.has_value() && header.sack_count == 4) {
      header.sack_count = 3;
    }
  }
  for (size_t i = header.sack_count; i < header.sack_blocks.size(); ++i) {
    header.sack_blocks[i] = {};
  }
  std::array<std::byte, ebbrt::kTcpHeaderBytesMax> written;
  const size_t length = WriteTcpHeader(header, written);
  const std::optional<ParsedTcpHeader> again =
      ebbrt::ParseTcpHeader(std::span(written).first(length));
  EBBRT_CHECK(again.has_value() && again->header == header);
  return 0;
}
