// The sizes in which small objects are given out.
//
//   8; 16, 32, ... 128 in steps of 16; then four steps to each doubling, up to
//   32 KiB. So at most a fifth of an object is waste, beyond 128 bytes.
//
// Objects of one class stand side by side in a slab, a run of granules; 8 of
// them at least fit, so that a slab's cost is spread over several objects.
// Every class but the first is a multiple of 16, as the ABI wants of malloc;
// what is at most 8 bytes long needs no alignment beyond 8.
//
// Cores: any. Blocks, allocates: never. Errors: none. Everything here folds
// into a constant where the size is one.
// Source: paper section 4.5; Evans, "A Scalable Concurrent malloc(3)", 2006.
#ifndef EBBRT_CORE_MEM_SIZE_CLASS_H_
#define EBBRT_CORE_MEM_SIZE_CLASS_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "core/base/types.h"

namespace ebbrt::mem {

// The unit of the page allocator; four pages of x86-64. Each has a descriptor.
inline constexpr size_t kGranuleShift = 14;
inline constexpr size_t kGranuleBytes = size_t{1} << kGranuleShift;

using SizeClass = uint32_t;
// Nothing's class, and that of what has granules of its own.
inline constexpr SizeClass kNoSizeClass = 0;
// The classes are those from 1 on, below this.
inline constexpr SizeClass kSizeClasses = 42;
// What is larger has granules of its own.
inline constexpr size_t kSmallBytesMax = 32 * kKiB;

// How long the objects of a class are.
// REQUIRES: 0 < size_class < kSizeClasses.
constexpr size_t ObjectBytes(SizeClass size_class) {
  if (size_class == 1) return 8;
  if (size_class <= 9) return 16 * (size_t{size_class} - 1);
  SizeClass step = size_class - 10;
  return (5 + size_t{step} % 4) << (5 + step / 4);
}

// How many granules a slab of the class has, and how many objects.
constexpr uint32_t SlabGranules(SizeClass size_class) {
  size_t bytes = ObjectBytes(size_class);
  return bytes <= 2 * kKiB ? 1 : bytes <= 8 * kKiB ? 4 : 16;
}
constexpr uint32_t SlabObjects(SizeClass size_class) {
  return static_cast<uint32_t>(SlabGranules(size_class) * kGranuleBytes /
                               ObjectBytes(size_class));
}

// The smallest class whose objects have `bytes`.
// REQUIRES: bytes <= kSmallBytesMax.
constexpr SizeClass ComputeSizeClass(size_t bytes) {
  if (bytes <= 8) return 1;
  if (bytes <= 128) return static_cast<SizeClass>((bytes + 15) / 16 + 1);
  size_t last = bytes - 1;
  int width = std::bit_width(last);
  return static_cast<SizeClass>(10 + (width - 8) * 4 +
                                ((last >> (width - 3)) - 4));
}

namespace internal {

// Up to here the class is looked up.
inline constexpr size_t kTableBytesMax = 2 * kKiB;
inline constexpr auto kSizeClassTable = [] {
  std::array<uint8_t, kTableBytesMax / 8 + 1> table{};
  for (size_t i = 0; i < table.size(); ++i) {
    table[i] = static_cast<uint8_t>(ComputeSizeClass(i * 8));
  }
  return table;
}();

// What the slow paths ask for, once more as tables; zero for kNoSizeClass.
struct SlabShape {
  uint32_t object_bytes = 0;
  uint32_t objects = 0;
  uint32_t granules = 0;
};
inline constexpr auto kSlabShapes = [] {
  std::array<SlabShape, kSizeClasses> shapes{};
  for (SizeClass i = 1; i < kSizeClasses; ++i) {
    shapes[i] = {static_cast<uint32_t>(ObjectBytes(i)), SlabObjects(i),
                 SlabGranules(i)};
  }
  return shapes;
}();

}  // namespace internal

// The same class, by a table. REQUIRES: bytes <= internal::kTableBytesMax.
[[gnu::always_inline]] inline SizeClass LookUpSizeClass(size_t bytes) {
  if (__builtin_constant_p(bytes)) return ComputeSizeClass(bytes);
  return internal::kSizeClassTable[(bytes + 7) / 8];
}

}  // namespace ebbrt::mem

#endif  // EBBRT_CORE_MEM_SIZE_CLASS_H_
