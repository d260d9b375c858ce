// Numbers as the text protocol writes them.
//
// Cores: any. Blocks, allocates: never.
// Errors: false for anything that is not exactly one number in range.
// Source: memcached's protocol.txt.
#ifndef EBBRT_APPS_MEMCACHED_DECIMAL_H_
#define EBBRT_APPS_MEMCACHED_DECIMAL_H_

#include <charconv>
#include <concepts>
#include <cstddef>
#include <string_view>

namespace ebbrt::memcached {

// The longest uint64_t.
inline constexpr size_t kDecimalBytesMax = 20;

// A sign is allowed, as clients may send one; a negative number for an
// unsigned type is out of range.
template <std::integral T>
bool ParseDecimal(std::string_view text, T* number) {
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text.front() == '-') return false;
  }
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

// Writes the number and returns its end. REQUIRES: room for kDecimalBytesMax.
template <std::unsigned_integral T>
char* FormatDecimal(T number, char* to) {
  return std::to_chars(to, to + kDecimalBytesMax, number).ptr;
}

}  // namespace ebbrt::memcached

#endif  // EBBRT_APPS_MEMCACHED_DECIMAL_H_
