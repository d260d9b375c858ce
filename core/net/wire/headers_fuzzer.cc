// Any bytes as headers: what is read and written again is read as the same.
//
// An input's first byte picks the header.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/check.h"
#include "core/net/wire/arp.h"
#include "core/net/wire/ethernet.h"
#include "core/net/wire/icmp.h"
#include "core/net/wire/ipv4.h"
#include "core/net/wire/udp.h"

namespace ebbrt {
namespace {

void TryEthernet(std::span<const std::byte> bytes) {
  Parsed<EthernetHeader> header = ParseEthernet(bytes);
  if (!header) return;
  std::array<std::byte, kEthernetHeaderBytes> written;
  WriteEthernet(*header, written.data());
  EBBRT_CHECK(std::equal(written.begin(), written.end(), bytes.begin()));
}

void TryArp(std::span<const std::byte> bytes) {
  Parsed<ArpMessage> message = ParseArp(bytes);
  if (!message) return;
  std::array<std::byte, kArpBytes> written;
  WriteArp(*message, written.data());
  EBBRT_CHECK(std::equal(written.begin(), written.end(), bytes.begin()));
}

void TryIpv4(std::span<const std::byte> bytes) {
  static_cast<void>(ParseIcmpQuotation(bytes));
  Parsed<Ipv4Header> header = ParseIpv4(bytes, bytes.size());
  if (!header) return;
  EBBRT_CHECK(header->total_bytes <= bytes.size());
  EBBRT_CHECK(header->header_bytes <= header->total_bytes);
  if (header->header_bytes != kIpv4HeaderBytes) return;
  std::vector<std::byte> written(bytes.begin(), bytes.end());
  WriteIpv4(*header, written.data());
  Parsed<Ipv4Header> again = ParseIpv4(written, written.size());
  EBBRT_CHECK(again && *again == *header);
}

void TryUdp(std::span<const std::byte> bytes) {
  Parsed<UdpHeader> header = ParseUdp(bytes, bytes.size());
  if (!header) return;
  std::array<std::byte, kUdpHeaderBytes> written;
  WriteUdp(*header, written.data());
  EBBRT_CHECK(std::equal(written.begin(), written.end(), bytes.begin()));
}

void TryIcmp(std::span<const std::byte> bytes) {
  Parsed<IcmpHeader> header = ParseIcmp(bytes);
  if (!header) return;
  std::array<std::byte, kIcmpHeaderBytes> written;
  WriteIcmp(*header, written.data());
  Parsed<IcmpHeader> again = ParseIcmp(written);
  EBBRT_CHECK(again && *again == *header);
}

}  // namespace
}  // namespace ebbrt

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using namespace ebbrt;
  constexpr std::array kTries = {TryEthernet, TryArp, TryIpv4, TryUdp, TryIcmp};
  if (bytes == 0) return 0;
  // In memory of its own, so that a sanitizer sees reads beyond it.
  auto input = std::as_bytes(std::span(data, bytes)).subspan(1);
  const std::vector<std::byte> copy(input.begin(), input.end());
  kTries[data[0] % kTries.size()](copy);
  return 0;
}
