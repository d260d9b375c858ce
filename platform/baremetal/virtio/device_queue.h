// For tests: the device's side of a split virtqueue, as a device keeps to it,
// and the words by which one could not.
//
// It finds memory by the addresses that it is given, so they must be those of
// the processor (devices/dma_host.cc, or memory that is mapped where it is).
//
// Cores: the driver's. Ownership: refers to the driver's memory. Blocks: no.
// Allocates: yes. Errors: a chain that makes no sense is a failed check.
// Source: virtio 1.2, section 2.7.
#ifndef EBBRT_PLATFORM_BAREMETAL_VIRTIO_DEVICE_QUEUE_H_
#define EBBRT_PLATFORM_BAREMETAL_VIRTIO_DEVICE_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "platform/baremetal/virtio/ring_format.h"

namespace ebbrt::platform::virtio::testing {

class DeviceQueue {
 public:
  struct Addresses {
    uint64_t descriptors;
    uint64_t available;
    uint64_t used;
  };
  struct Chain {
    uint16_t head;
    std::vector<std::span<std::byte>> readable;
    std::vector<std::span<std::byte>> writable;
    bool is_indirect = false;

    std::string Read() const;
    // As much of it as there is room for; returns that.
    uint32_t Write(std::string_view bytes) const;
    size_t writable_bytes() const;
  };

  DeviceQueue(uint16_t size, const Addresses& addresses, bool event_index);

  // The next chain that the driver has made available.
  std::optional<Chain> Take();
  // As Take, for a device that has said to have used what it never took: what
  // it finds need not make sense, and may be more than the ring holds.
  std::optional<Chain> TakeIfSound();
  size_t available() const;
  // Returns whether the driver wants an interrupt for it.
  bool Complete(uint16_t head, uint32_t bytes);
  // Says that it wants no notification, or one with the next chain.
  void WantNotification(bool wanted);

  // Any word of what the device can write, for those that are hostile.
  uint16_t& used_index() { return Word(used_ + RingLayout::kIndex); }
  UsedElement& used_element(uint16_t index) {
    return reinterpret_cast<UsedElement*>(
        used_ + RingLayout::kElements)[index % size_];
  }
  std::span<std::byte> descriptors() {
    return {descriptors_, size_ * sizeof(Descriptor)};
  }
  std::span<std::byte> available_ring() {
    return {available_, RingLayout(size_).used_event + 2 -
                            RingLayout(size_).available};
  }
  std::span<std::byte> used_ring() {
    return {used_,
            RingLayout(size_).available_event + 2 - RingLayout(size_).used};
  }

 private:
  uint16_t& Word(std::byte* at) const {
    return *reinterpret_cast<uint16_t*>(at);
  }

  const uint16_t size_;
  const bool event_index_;
  std::byte* const descriptors_;
  std::byte* const available_;
  std::byte* const used_;
  uint16_t taken_ = 0;
  uint16_t completed_ = 0;
};

}  // namespace ebbrt::platform::virtio::testing

#endif  // EBBRT_PLATFORM_BAREMETAL_VIRTIO_DEVICE_QUEUE_H_
