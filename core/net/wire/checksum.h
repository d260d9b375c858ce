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

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/buf/iobuf_chain.h"
#include "core/net/wire/ipv4_address.h"

namespace ebbrt {

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
