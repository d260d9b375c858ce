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

#include <concepts>
#include <cstddef>
#include <cstdint>
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
constexpr bool ChecksumIsRight(Fields fields) {
  uint8_t sum = 0;
  for (std::byte byte : fields.bytes()) {
    sum = static_cast<uint8_t>(sum + std::to_integer<uint8_t>(byte));
  }
  return sum == 0;
}

}  // namespace ebbrt::platform::acpi

#endif  // EBBRT_PLATFORM_BAREMETAL_ACPI_FIELDS_H_
