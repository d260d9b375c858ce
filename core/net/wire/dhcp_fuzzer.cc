// Any bytes as a DHCP message: what is read and written again is the same.
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/check.h"
#include "core/net/wire/dhcp.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using namespace ebbrt;
  // In memory of its own, so that a sanitizer sees reads beyond it.
  auto input = std::as_bytes(std::span(data, bytes));
  const std::vector<std::byte> copy(input.begin(), input.end());
  Parsed<DhcpMessage> message = ParseDhcp(copy);
  if (!message) return 0;
  std::array<std::byte, kDhcpMessageBytes> written;
  WriteDhcp(*message, written.data());
  Parsed<DhcpMessage> again = ParseDhcp(written);
  EBBRT_CHECK(again && again->type == message->type &&
              again->server == message->server &&
              again->lease_seconds == message->lease_seconds);
  return 0;
}
