// The driver's side of a split virtqueue.
//
// A chain of buffers, first those that the device reads and then those that it
// writes, goes to the device as one and comes back as one, named by its head:
// a number below size(), by which the owner keeps what belongs to it.
//
// Nothing that the device can write is ever read back but the used ring, and
// that is believed only where it names a chain that the device has. A device
// that names another, or more than it has, is broken: its queue gives and takes
// nothing from then on.
//
// Cores: one. Ownership: refers to memory that outlives it and the device's use
// of it. Blocks: no. Allocates: when made. Bound: size() descriptors.
// Units: bytes. Errors: broken().
// Source: virtio 1.2, section 2.7.
#ifndef EBBRT_PLATFORM_BAREMETAL_VIRTIO_VIRTQUEUE_H_
#define EBBRT_PLATFORM_BAREMETAL_VIRTIO_VIRTQUEUE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "platform/baremetal/devices/dma.h"
#include "platform/baremetal/virtio/ring_format.h"

namespace ebbrt::platform::virtio {

class Virtqueue {
 public:
  struct Options {
    uint16_t size;  // A power of two of at most kQueueSizeMax.
    // Negotiated: each side says at which index it wants to hear.
    bool event_index = false;
    // How many descriptors a chain may have that stands in a table of its own;
    // 0: that is not negotiated.
    uint16_t indirect_max = 0;
  };

  // What it needs: one run of memory, aligned to RingLayout::kAlignment.
  static size_t MemoryBytes(const Options& options);

  // REQUIRES: zeroed memory of that size.
  Virtqueue(const Options& options, const DmaPlace& memory);

  uint16_t size() const { return size_; }
  // Where the parts stand, for the device.
  uint64_t descriptors_address() const { return memory_.address; }
  uint64_t available_address() const {
    return memory_.address + layout_.available;
  }
  uint64_t used_address() const { return memory_.address + layout_.used; }

  bool broken() const { return broken_; }
  // How many chains the device has, or is about to.
  uint16_t in_flight() const { return in_flight_; }
  // Whether a chain of `buffers` can be added.
  bool HasRoom(size_t buffers) const {
    return DescriptorsFor(buffers) <= free_count_ && !broken_;
  }
  // The head of the chain that is added next. REQUIRES: HasRoom(1).
  uint16_t next_head() const { return free_head_; }

  // Adds a chain, which the device sees with the next Publish.
  // REQUIRES: HasRoom for all of them; at least one.
  uint16_t Add(std::span<const DmaRun> readable,
               std::span<const DmaRun> writable);

  // Shows the device what was added. Returns whether it wants to be notified.
  bool Publish();

  struct Used {
    uint16_t head;
    // Of what it could write, so many have been written.
    uint32_t bytes;
  };
  // The next chain that the device is done with; its head is free again.
  std::optional<Used> TakeUsed();

  // Interrupts are wanted: none; with the next chain that is used; or once all
  // have been that are in flight. What was used before raises none, so look
  // again after this. Advice only: a device may interrupt all the same.
  enum class Interrupt { kNever, kNext, kAll };
  void WantInterrupt(Interrupt wanted);

 private:
  // What is known of a descriptor, out of the device's reach.
  struct State {
    uint16_t next;  // In its chain, or in the list of free ones.
    // Of a chain's head:
    uint16_t last;
    uint16_t count;  // 0: the device does not have it.
    uint32_t writable_bytes;
  };

  size_t DescriptorsFor(size_t buffers) const {
    return IsIndirect(buffers) ? 1 : buffers;
  }
  // A table costs the device another access of memory, and spares descriptors.
  bool IsIndirect(size_t buffers) const {
    return buffers > kDirectMax && buffers <= indirect_max_;
  }
  static constexpr size_t kDirectMax = 2;

  Descriptor* Table(uint16_t head) const {
    return reinterpret_cast<Descriptor*>(memory_.data + tables_offset_) +
           size_t{head} * indirect_max_;
  }
  uint16_t& Word(size_t offset) const {
    return *reinterpret_cast<uint16_t*>(memory_.data + offset);
  }
  void AddIndirect(uint16_t head, std::span<const DmaRun> readable,
                   std::span<const DmaRun> writable);
  uint16_t AddDirect(uint16_t head, std::span<const DmaRun> readable,
                     std::span<const DmaRun> writable);
  void Free(uint16_t head);

  const uint16_t size_;
  const bool event_index_;
  const uint16_t indirect_max_;
  const RingLayout layout_;
  const size_t tables_offset_;
  const DmaPlace memory_;
  const std::unique_ptr<State[]> states_;
  // Invariant: free_count_ descriptors are linked, from free_head_ to
  // free_tail_; each other one is in a chain whose head has a count.
  uint16_t free_head_ = 0;
  uint16_t free_tail_;
  uint16_t free_count_;
  uint16_t in_flight_ = 0;
  uint16_t added_ = 0;      // The available index, with what is not shown yet.
  uint16_t published_ = 0;  // As the device sees it.
  uint16_t used_ = 0;       // The used index, as far as it was looked at.
  bool broken_ = false;
};

}  // namespace ebbrt::platform::virtio

#endif  // EBBRT_PLATFORM_BAREMETAL_VIRTIO_VIRTQUEUE_H_
