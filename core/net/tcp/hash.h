// A keyed hash: who does not know the key cannot tell what comes out, nor make
// two things collide.
//
// SipHash over 64-bit words, little endian; written here because no library at
// hand has it (Abseil's hash is seeded by the process's addresses and differs
// from run to run, so that a seed would not replay a history).
//
// Cores: any. Blocks, allocates: never. Errors: none.
// Source: Aumasson, Bernstein, "SipHash: a fast short-input PRF", INDOCRYPT
// 2012; RFC 6528 (for sequence numbers).
#ifndef EBBRT_CORE_NET_TCP_HASH_H_
#define EBBRT_CORE_NET_TCP_HASH_H_

#include <array>
#include <bit>
#include <cstdint>
#include <span>

namespace ebbrt::tcp {

struct HashKey {
  std::array<uint64_t, 2> words = {};
};

// SipHash-c-d of the words' bytes. 2-4 is for what a peer is shown; 1-3 for
// tables, whose hashes nobody sees.
template <int kCompressionRounds, int kFinalRounds,
          size_t kWords = std::dynamic_extent>
constexpr uint64_t SipHash(const HashKey& key,
                           std::span<const uint64_t, kWords> words) {
  uint64_t v0 = key.words[0] ^ 0x736f6d6570736575;
  uint64_t v1 = key.words[1] ^ 0x646f72616e646f6d;
  uint64_t v2 = key.words[0] ^ 0x6c7967656e657261;
  uint64_t v3 = key.words[1] ^ 0x7465646279746573;
  auto rounds = [&](int count) {
    for (int i = 0; i < count; ++i) {
      v0 += v1;
      v1 = std::rotl(v1, 13) ^ v0;
      v0 = std::rotl(v0, 32);
      v2 += v3;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 += v3;
      v3 = std::rotl(v3, 21) ^ v0;
      v2 += v1;
      v1 = std::rotl(v1, 17) ^ v2;
      v2 = std::rotl(v2, 32);
    }
  };
  auto absorb = [&](uint64_t word) {
    v3 ^= word;
    rounds(kCompressionRounds);
    v0 ^= word;
  };
  for (uint64_t word : words) absorb(word);
  // The last word has the length in bytes, of which there is no rest.
  absorb(uint64_t{words.size() * 8} << 56);
  v2 ^= 0xff;
  rounds(kFinalRounds);
  return v0 ^ v1 ^ v2 ^ v3;
}

}  // namespace ebbrt::tcp

#endif  // EBBRT_CORE_NET_TCP_HASH_H_
