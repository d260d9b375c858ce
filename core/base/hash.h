// A hash of bytes that is the same in every process and on every platform:
// for tables whose order a simulated history may depend on.
//
// It has no key, so whoever chooses the bytes can choose collisions.
//
// Cores: any. Blocks, allocates: never. Errors: none.
// Source: multiplication folded to 64 bits, as in Wang Yi's wyhash, 2019.
#ifndef EBBRT_CORE_BASE_HASH_H_
#define EBBRT_CORE_BASE_HASH_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace ebbrt {
namespace internal {

// Both halves of the product, each of which depends on all bits of the factors.
inline uint64_t MultiplyFold(uint64_t a, uint64_t b) {
  unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// `bytes` of them, at most 8, as a little endian number.
inline uint64_t LoadBytes(const char* from, size_t bytes) {
  uint64_t word = 0;
  std::memcpy(&word, from, bytes);
  return word;
}

}  // namespace internal

inline uint64_t HashBytes(std::string_view text) {
  // Odd, with as many ones as zeros: no word is lost in the product.
  constexpr uint64_t kFirst = 0xa0761d6478bd642f;
  constexpr uint64_t kSecond = 0xe7037ed1a0b428db;
  const char* from = text.data();
  size_t left = text.size();
  uint64_t hash = kFirst ^ text.size();
  while (left > 16) {
    hash = internal::MultiplyFold(internal::LoadBytes(from, 8) ^ hash,
                                  internal::LoadBytes(from + 8, 8) ^ kSecond);
    from += 16;
    left -= 16;
  }
  // The last 1 to 16 bytes, as two words that overlap where there are fewer.
  uint64_t low = 0;
  uint64_t high = 0;
  if (left >= 8) {
    low = internal::LoadBytes(from, 8);
    high = internal::LoadBytes(from + left - 8, 8);
  } else if (left >= 4) {
    low = internal::LoadBytes(from, 4);
    high = internal::LoadBytes(from + left - 4, 4);
  } else if (left > 0) {
    low = internal::LoadBytes(from, 1);
    high = internal::LoadBytes(from + left / 2, 1) << 8 |
           internal::LoadBytes(from + left - 1, 1);
  }
  return internal::MultiplyFold(
      internal::MultiplyFold(low ^ hash, high ^ kSecond), kFirst ^ hash);
}

}  // namespace ebbrt

#endif  // EBBRT_CORE_BASE_HASH_H_
