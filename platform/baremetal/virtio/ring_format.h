// How a split virtqueue stands in memory:
//
//   | descriptors: 16 bytes each | available ring | (to a page) | used ring |
//     what a buffer is             to the device                  and back
//
// Cores: any. Units: bytes; integers are little-endian, as the processor's.
// Source: virtio 1.2, section 2.7; 2.7.2 (this layout, which legacy devices
// ask for and others accept).
#ifndef EBBRT_PLATFORM_BAREMETAL_VIRTIO_RING_FORMAT_H_
#define EBBRT_PLATFORM_BAREMETAL_VIRTIO_RING_FORMAT_H_

#include <bit>
#include <cstddef>
#include <cstdint>

namespace ebbrt::platform::virtio {

static_assert(std::endian::native == std::endian::little);

struct Descriptor {
  uint64_t address;
  uint32_t bytes;
  uint16_t flags;
  uint16_t next;
};
static_assert(sizeof(Descriptor) == 16);

// Of a descriptor.
inline constexpr uint16_t kDescriptorNext = 1;
inline constexpr uint16_t kDescriptorWrite = 2;  // By the device.
inline constexpr uint16_t kDescriptorIndirect = 4;

// What the device has used: a chain, and how many bytes it has written there.
struct UsedElement {
  uint32_t head;
  uint32_t bytes;
};
static_assert(sizeof(UsedElement) == 8);

// Of both rings; asks for no interrupt, or for no notification.
inline constexpr uint16_t kRingQuiet = 1;

// Both rings begin with flags and an index that only grows, and end with the
// index at which the other side wants to hear (where that is negotiated).
struct RingLayout {
  static constexpr size_t kAlignment = 4096;  // Legacy devices insist.

  explicit constexpr RingLayout(uint16_t size)
      : available(size * sizeof(Descriptor)),
        used_event(available + 4 + size * sizeof(uint16_t)),
        used((used_event + 2 + kAlignment - 1) & ~(kAlignment - 1)),
        available_event(used + 4 + size * sizeof(UsedElement)),
        bytes(available_event + 2) {}

  static constexpr size_t kFlags = 0;
  static constexpr size_t kIndex = 2;
  static constexpr size_t kElements = 4;

  size_t available;
  size_t used_event;
  size_t used;
  size_t available_event;
  size_t bytes;
};

inline constexpr uint16_t kQueueSizeMax = 32768;

// Whether an index that goes from `before` to `now` passes `event`.
constexpr bool Passes(uint16_t event, uint16_t now, uint16_t before) {
  return static_cast<uint16_t>(now - event - 1) <
         static_cast<uint16_t>(now - before);
}

}  // namespace ebbrt::platform::virtio

#endif  // EBBRT_PLATFORM_BAREMETAL_VIRTIO_RING_FORMAT_H_
