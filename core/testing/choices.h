// Choices that the bytes of an input make: how a fuzzer, or a test with a seed,
// drives what it exercises.
//
// Once the bytes are used up every choice is zero, and empty() says so.
//
// Cores: one. Ownership: refers to the bytes. Blocks, allocates: Take only.
#ifndef EBBRT_CORE_TESTING_CHOICES_H_
#define EBBRT_CORE_TESTING_CHOICES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ebbrt::testing {

class Choices {
 public:
  explicit Choices(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  bool empty() const { return bytes_.empty(); }
  uint8_t Next() {
    if (bytes_.empty()) return 0;
    const uint8_t value = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return value;
  }
  uint16_t Next16() { return static_cast<uint16_t>(Next() | Next() << 8); }
  uint32_t Next32() { return Next16() | uint32_t{Next16()} << 16; }
  bool Flip() { return Next() % 2 != 0; }
  // Small most of the time, and now and then any.
  uint32_t Number() {
    const uint8_t kind = Next();
    if (kind < 128) return kind % 16;
    if (kind < 192) return Next();
    return kind < 240 ? Next16() : Next32();
  }
  // The next bytes, in memory of their own, so that a sanitizer sees reads
  // beyond them; as many as there are.
  std::vector<std::byte> Take(size_t bytes) {
    const auto taken = bytes_.first(std::min(bytes, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    const auto* data = reinterpret_cast<const std::byte*>(taken.data());
    return {data, data + taken.size()};
  }

 private:
  std::span<const uint8_t> bytes_;
};

}  // namespace ebbrt::testing

#endif  // EBBRT_CORE_TESTING_CHOICES_H_
