// The Internet checksum: the ones' complement of the ones' complement sum of
// 16-bit words.
//
//   ChecksumSum sum;
//   sum.AddPseudoHeader(source, destination, kProtocolUdp, bytes);
//   sum.Add(datagram);                 // in pieces of any length
//   bool good = sum.Sum() == 0xffff;   // the checksum is among what was added
//
// Cores: an object belongs to one. Blocks, allocates: never. Units: bytes;
// sums and checksums are in host order, as LoadBig and StoreBig have them.
// Errors: none. Source: RFC 1071 (section 2, byte order and odd pieces);
// RFC 1624 equation 3 (updates); RFC 9293 section 3.1, RFC 768
// (pseudo-header).
#ifndef EBBRT_CORE_NET_WIRE_CHECKSUM_H_
#define EBBRT_CORE_NET_WIRE_CHECKSUM_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "core/buf/iobuf_chain.h"
#include "core/net/wire/ipv4_address.h"

namespace ebbrt {

namespace internal {

static_assert(std::endian::native == std::endian::little);

// To 16 bits, with end-around carry: 2^16 is 1 here.
constexpr uint16_t FoldSum(uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

template <typename Word>
Word LoadWord(const std::byte* from) {
  Word word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

// The sum of a few bytes that begin a word, in the machine's order: carries
// gather in the upper half. Unrolled where the count is known.
[[gnu::always_inline]] inline uint64_t SumOfFew(const std::byte* at,
                                                size_t bytes) {
  uint64_t sum = 0;
  for (; bytes >= 4; at += 4, bytes -= 4) sum += LoadWord<uint32_t>(at);
  if ((bytes & 2) != 0) {
    sum += LoadWord<uint16_t>(at);
    at += 2;
  }
  if ((bytes & 1) != 0) sum += std::to_integer<uint64_t>(*at);
  return sum;
}

}  // namespace internal

class ChecksumSum {
 public:
  // The next bytes. Where what was added before has an odd length, they go on
  // in the middle of a word.
  void Add(std::span<const std::byte> bytes);
  void Add(const IOBufChain& chain);
  // All but the first `offset` bytes. REQUIRES: offset <= chain.length().
  void Add(const IOBufChain& chain, size_t offset);
  // REQUIRES: what was added before has an even length.
  void AddWord(uint16_t word);
  void AddPseudoHeader(Ipv4Address source, Ipv4Address destination,
                       uint8_t protocol, size_t bytes);

  // The sum so far; 0xffff (minus zero) of anything that includes its own,
  // right checksum.
  uint16_t Sum() const;
  // Its complement: the checksum.
  uint16_t Checksum() const { return static_cast<uint16_t>(~Sum()); }

 private:
  uint64_t sum_ = 0;  // Of words in the machine's order; at most 2^33 or so.
  bool odd_ = false;
};

inline uint16_t InternetChecksum(std::span<const std::byte> bytes) {
  ChecksumSum sum;
  sum.Add(bytes);
  return sum.Checksum();
}

// The same of so few bytes that it is a handful of instructions.
template <size_t kBytes>
uint16_t InternetChecksum(std::span<const std::byte, kBytes> bytes) {
  static_assert(kBytes <= 64);
  const uint64_t sum = internal::SumOfFew(bytes.data(), kBytes);
  return static_cast<uint16_t>(~__builtin_bswap16(internal::FoldSum(sum)));
}

// The checksum once one of the words that it covers has changed.
constexpr uint16_t UpdatedChecksum(uint16_t checksum, uint16_t before,
                                   uint16_t after) {
  uint32_t sum = uint32_t{static_cast<uint16_t>(~checksum)} +
                 static_cast<uint16_t>(~before) + after;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_WIRE_CHECKSUM_H_
