// Integers in network order, in the binary protocol's headers.
//
// Cores: any. Blocks, allocates: never. Errors: none.
#ifndef EBBRT_APPS_MEMCACHED_BIG_ENDIAN_H_
#define EBBRT_APPS_MEMCACHED_BIG_ENDIAN_H_

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace ebbrt::memcached {

template <typename T>
T SwapToBigEndian(T value) {
  static_assert(std::endian::native == std::endian::little);
  if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
  if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
  if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
}

template <typename T>
T LoadBigEndian(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return SwapToBigEndian(value);
}

template <typename T>
void StoreBigEndian(std::type_identity_t<T> value, char* to) {
  T swapped = SwapToBigEndian<T>(value);
  std::memcpy(to, &swapped, sizeof(swapped));
}

}  // namespace ebbrt::memcached

#endif  // EBBRT_APPS_MEMCACHED_BIG_ENDIAN_H_
