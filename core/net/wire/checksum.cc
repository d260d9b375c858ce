#include "core/net/wire/checksum.h"

#include <bit>
#include <cstring>

#include "core/base/check.h"

namespace ebbrt {
namespace {

static_assert(std::endian::native == std::endian::little);

uint64_t Load64(const std::byte* from) {
  uint64_t word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

constexpr uint16_t SwapBytes(uint16_t word) {
  return static_cast<uint16_t>(word << 8 | word >> 8);
}

// To 16 bits, with end-around carry: 2^16 is 1 here.
uint16_t Fold(uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

// The sum of bytes that begin a word, in the machine's order. Sums of 64-bit
// words are sums of their 16-bit parts, since 2^64 is 1 too; two carry chains
// run side by side.
uint16_t SumOf(const std::byte* at, size_t bytes) {
  unsigned __int128 even = 0;
  unsigned __int128 odd = 0;
  for (; bytes >= 32; at += 32, bytes -= 32) {
    even += Load64(at);
    odd += Load64(at + 8);
    even += Load64(at + 16);
    odd += Load64(at + 24);
  }
  for (; bytes >= 8; at += 8, bytes -= 8) even += Load64(at);
  if (bytes != 0) {
    uint64_t rest = 0;
    std::memcpy(&rest, at, bytes);
    odd += rest;
  }
  uint64_t sum = 0;
  for (unsigned __int128 part : {even, odd}) {
    sum += Fold(static_cast<uint64_t>(part));
    sum += Fold(static_cast<uint64_t>(part >> 64));
  }
  return Fold(sum);
}

}  // namespace

void ChecksumSum::Add(std::span<const std::byte> bytes) {
  uint16_t sum = SumOf(bytes.data(), bytes.size());
  // Bytes that begin in the middle of a word stand on the other side of it.
  sum_ += odd_ ? SwapBytes(sum) : sum;
  odd_ ^= bytes.size() % 2 != 0;
}

void ChecksumSum::Add(const IOBufChain& chain) {
  for (const IOBuf& buffer : chain) Add(buffer.bytes());
}

void ChecksumSum::Add(const IOBufChain& chain, size_t offset) {
  EBBRT_DCHECK(offset <= chain.length());
  for (const IOBuf& buffer : chain) {
    if (offset >= buffer.length()) {
      offset -= buffer.length();
      continue;
    }
    Add(buffer.bytes().subspan(offset));
    offset = 0;
  }
}

void ChecksumSum::AddWord(uint16_t word) {
  EBBRT_DCHECK(!odd_);
  sum_ += SwapBytes(word);
}

void ChecksumSum::AddPseudoHeader(Ipv4Address source, Ipv4Address destination,
                                  uint8_t protocol, size_t bytes) {
  for (Ipv4Address address : {source, destination}) {
    AddWord(static_cast<uint16_t>(address.value() >> 16));
    AddWord(static_cast<uint16_t>(address.value()));
  }
  AddWord(protocol);
  AddWord(static_cast<uint16_t>(bytes));
}

uint16_t ChecksumSum::Sum() const { return SwapBytes(Fold(sum_)); }

}  // namespace ebbrt
