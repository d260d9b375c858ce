// Integers as they stand in packets: most significant byte first, anywhere.
//
// Cores: any. Blocks, allocates: never. Errors: none.
#ifndef EBBRT_CORE_NET_WIRE_BIG_ENDIAN_H_
#define EBBRT_CORE_NET_WIRE_BIG_ENDIAN_H_

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace ebbrt {

// REQUIRES: sizeof(Integer) bytes at `from`. (Compilers make one load of it.)
template <std::unsigned_integral Integer>
constexpr Integer LoadBig(const std::byte* from) {
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof(Integer); ++i) {
    value = value << 8 | std::to_integer<uint64_t>(from[i]);
  }
  return static_cast<Integer>(value);
}

// Returns the byte behind it. REQUIRES: sizeof(Integer) bytes at `to`.
template <std::unsigned_integral Integer>
constexpr std::byte* StoreBig(std::byte* to, Integer value) {
  for (size_t i = sizeof(Integer); i-- != 0;) {
    to[i] = static_cast<std::byte>(value);
    value = static_cast<Integer>(static_cast<uint64_t>(value) >> 8);
  }
  return to + sizeof(Integer);
}

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_WIRE_BIG_ENDIAN_H_
