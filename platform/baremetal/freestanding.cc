// The four functions that a compiler calls by itself (freestanding.h).
#include <cstddef>
#include <cstdint>

extern "C" {

void* memcpy(void* to, const void* from, size_t bytes) noexcept {
  void* at = to;
  asm volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(bytes) : : "memory");
  return to;
}

void* memmove(void* to, const void* from, size_t bytes) noexcept {
  if (reinterpret_cast<uintptr_t>(to) - reinterpret_cast<uintptr_t>(from) >=
      bytes) {
    return memcpy(to, from, bytes);
  }
  auto* end = static_cast<char*>(to) + bytes;
  const auto* last = static_cast<const char*>(from) + bytes;
  while (bytes-- > 0) *--end = *--last;
  return to;
}

void* memset(void* to, int value, size_t bytes) noexcept {
  void* at = to;
  asm volatile("rep stosb" : "+D"(at), "+c"(bytes) : "a"(value) : "memory");
  return to;
}

int memcmp(const void* a, const void* b, size_t bytes) noexcept {
  const auto* left = static_cast<const unsigned char*>(a);
  const auto* right = static_cast<const unsigned char*>(b);
  for (size_t i = 0; i < bytes; ++i) {
    if (left[i] != right[i]) return left[i] - right[i];
  }
  return 0;
}

}  // extern "C"
