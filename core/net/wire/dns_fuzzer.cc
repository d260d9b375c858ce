// Any bytes as a DNS message; a question that is read is written the same.
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/net/wire/dns.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using namespace ebbrt;
  // In memory of its own, so that a sanitizer sees reads beyond it.
  auto input = std::as_bytes(std::span(data, bytes));
  const std::vector<std::byte> copy(input.begin(), input.end());
  Parsed<DnsMessage> message = ParseDns(copy);
  if (!message) return 0;
  EBBRT_CHECK(message->question.size() <= kDnsNameBytesMax);
  std::optional<std::string> name = DnsName(message->question);
  if (!name.has_value()) return 0;
  std::array<std::byte, kDnsMessageBytesMax> written;
  const size_t length = WriteDnsQuery(message->id, *name, written);
  Parsed<DnsMessage> again = ParseDns(std::span(written).first(length));
  EBBRT_CHECK(again && again->question == *name);
  return 0;
}
