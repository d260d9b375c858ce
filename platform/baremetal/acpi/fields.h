// Little-endian fields in bytes that firmware wrote, read without trust.
//
// Cores: any. Ownership: a view; the bytes are another's. Blocks, allocates:
// never.
// Errors: none. A field that is not wholly inside the bytes reads as zero: a
// table of an older revision is shorter, and zero is what later revisions let
// a missing field mean.
// Source: ACPI 6.5, section 5.2 (all numbers are little-endian).
#ifndef EBBRT_PLATFORM_BAREMETAL_ACPI_FIELDS_H_
#define EBBRT_PLATFORM_BAREMETAL_ACPI_FIELDS_H_

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace ebbrt::platform::acpi {

class Fields {
 public:
  constexpr Fields() = default;
  constexpr explicit Fields(std::span<const std::byte> bytes)
      : bytes_(bytes) {}

  constexpr size_t size() const { return bytes_.size(); }
  constexpr bool empty() const { return bytes_.empty(); }
  constexpr std::span<const std::byte> bytes() const { return bytes_; }

  // The number at `offset`, of any alignment.
  template <std::unsigned_integral T>
  constexpr T Get(size_t offset) const {
    T value = 0;
    if (!Contains(offset, sizeof(T))) return value;
    for (size_t i = sizeof(T); i-- > 0;) {
      value = static_cast<T>(uint64_t{value} << 8 |
                             std::to_integer<uint64_t>(bytes_[offset + i]));
    }
    return value;
  }

  // A part; empty if it is not wholly inside.
  constexpr Fields Part(size_t offset, size_t bytes) const {
    if (!Contains(offset, bytes)) return Fields();
    return Fields(bytes_.subspan(offset, bytes));
  }
  // All that follows; empty if nothing does.
  constexpr Fields From(size_t offset) const {
    return offset < size() ? Fields(bytes_.subspan(offset)) : Fields();
  }

  // The same bytes as characters, which may be any.
  std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }

 private:
  constexpr bool Contains(size_t offset, size_t bytes) const {
    return offset <= size() && bytes <= size() - offset;
  }

  std::span<const std::byte> bytes_;
};

// What each table and the RSDP have: their bytes add up to zero.
// (All of the tables are added up in every start, so: eight bytes at a time.)
inline bool ChecksumIsRight(Fields fields) {
  constexpr uint64_t kEven = 0x00ff00ff00ff00ff;
  // Two sums of 16 bits each word, which take 128 words before they overflow.
  constexpr size_t kWordsMax = 128;
  std::span<const std::byte> bytes = fields.bytes();
  uint64_t sum = 0;
  while (bytes.size() >= sizeof(uint64_t)) {
    const size_t words = std::min(bytes.size() / sizeof(uint64_t), kWordsMax);
    uint64_t sums = 0;
    for (size_t i = 0; i < words; ++i) {
      uint64_t word;
      std::memcpy(&word, bytes.data() + i * sizeof(word), sizeof(word));
      sums += (word & kEven) + (word >> 8 & kEven);
    }
    sum += (sums & 0xffff) + (sums >> 16 & 0xffff) + (sums >> 32 & 0xffff) +
           (sums >> 48);
    bytes = bytes.subspan(words * sizeof(uint64_t));
  }
  for (std::byte byte : bytes) sum += std::to_integer<uint64_t>(byte);
  return sum % 256 == 0;
}

}  // namespace ebbrt::platform::acpi

#endif  // EBBRT_PLATFORM_BAREMETAL_ACPI_FIELDS_H_
