#include "core/net/wire/checksum.h"

#include "core/base/check.h"

namespace ebbrt {
namespace {

using internal::FoldSum;

constexpr size_t kFewBytes = 64;

uint64_t Load64(const std::byte* from) {
  return internal::LoadWord<uint64_t>(from);
}

constexpr uint16_t SwapBytes(uint16_t word) {
  return static_cast<uint16_t>(word << 8 | word >> 8);
}

// The sum of bytes that begin a word, in the machine's order. Sums of 64-bit
// words are sums of their 16-bit parts, since 2^64 is 1 too; two carry chains
// run side by side.
uint16_t SumOf(const std::byte* at, size_t bytes) {
  if (bytes <= kFewBytes) return FoldSum(internal::SumOfFew(at, bytes));
  unsigned __int128 even = 0;
  unsigned __int128 odd = 0;
  for (; bytes >= 32; at += 32, bytes -= 32) {
    even += Load64(at);
    odd += Load64(at + 8);
    even += Load64(at + 16);
    odd += Load64(at + 24);
  }
  uint64_t sum = internal::SumOfFew(at, bytes);
  for (unsigned __int128 part : {even, odd}) {
    sum += FoldSum(static_cast<uint64_t>(part));
    sum += FoldSum(static_cast<uint64_t>(part >> 64));
  }
  return FoldSum(sum);
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
  EBBRT_DCHECK(!odd_);
  // Summed up as numbers, and put into the machine's order together.
  const uint64_t sum = uint64_t{source.value()} + destination.value() +
                       protocol + static_cast<uint16_t>(bytes);
  sum_ += SwapBytes(FoldSum(sum));
}

uint16_t ChecksumSum::Sum() const { return SwapBytes(FoldSum(sum_)); }

}  // namespace ebbrt
