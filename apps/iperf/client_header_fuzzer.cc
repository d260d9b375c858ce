// What clients may say first: any bytes, cut anywhere.
//
// An input's first byte says how the rest is cut; that changes nothing.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "apps/iperf/client_header.h"
#include "core/base/check.h"

namespace ebbrt::iperf {
namespace {

ClientHeader::Kind Take(std::span<const std::byte> stream, size_t piece_bytes) {
  ClientHeader header;
  while (!stream.empty()) {
    const size_t bytes = std::min(stream.size(), piece_bytes);
    header.Take(stream.first(bytes));
    stream = stream.subspan(bytes);
  }
  return header.kind();
}

}  // namespace
}  // namespace ebbrt::iperf

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using ebbrt::iperf::ClientHeader;
  if (bytes == 0) return 0;
  auto stream = std::as_bytes(std::span(data + 1, bytes - 1));
  const ClientHeader::Kind whole = ebbrt::iperf::Take(stream, bytes);
  EBBRT_CHECK(ebbrt::iperf::Take(stream, size_t{1} + data[0]) == whole);
  EBBRT_CHECK(whole != ClientHeader::Kind::kUnknown ||
              stream.size() < ClientHeader::kHeaderBytes);
  return 0;
}
