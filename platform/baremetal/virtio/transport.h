// How a virtio device is spoken to, whatever bus it is on: what it is, what it
// can, its queues, and its interrupts.
//
// Cores: one, but for Notify, which each queue's core calls; and interrupts().
// Ownership: the device's owner's. Whoever owns it resets it before the memory
// of its queues goes. Blocks: no. Allocates: no.
// Errors: false where a device does not do what it must.
// Source: virtio 1.2, chapters 2 and 4.
#ifndef EBBRT_PLATFORM_BAREMETAL_VIRTIO_TRANSPORT_H_
#define EBBRT_PLATFORM_BAREMETAL_VIRTIO_TRANSPORT_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "platform/baremetal/devices/device_interrupts.h"
#include "platform/baremetal/virtio/virtqueue.h"

namespace ebbrt::platform::virtio {

// Bits of the status register: virtio 1.2, section 2.1.
inline constexpr uint8_t kAcknowledge = 1;
inline constexpr uint8_t kDriver = 2;
inline constexpr uint8_t kDriverOk = 4;
inline constexpr uint8_t kFeaturesOk = 8;
inline constexpr uint8_t kNeedsReset = 64;

// Features of all devices: virtio 1.2, chapter 6.
inline constexpr uint64_t kAnyLayout = uint64_t{1} << 27;  // Of legacy ones.
inline constexpr uint64_t kIndirect = uint64_t{1} << 28;
inline constexpr uint64_t kEventIndex = uint64_t{1} << 29;
inline constexpr uint64_t kVersion1 = uint64_t{1} << 32;

class Transport {
 public:
  virtual ~Transport() = default;

  // The device is spoken to as before virtio 1.0.
  virtual bool is_legacy() const = 0;

  virtual uint64_t ReadFeatures() = 0;
  virtual void WriteFeatures(uint64_t features) = 0;
  virtual uint8_t ReadStatus() = 0;
  virtual void WriteStatus(uint8_t status) = 0;
  // A byte of the device's own configuration; 0 beyond its end.
  virtual uint8_t ReadConfig(uint32_t offset) = 0;

  // How many descriptors a queue has at most; 0 if it does not exist.
  virtual uint16_t QueueSizeMax(uint16_t queue) = 0;
  // Whether a driver may choose a smaller one.
  bool chooses_queue_size() const { return !is_legacy(); }
  // Gives the device the queue, whose interrupt is that of the device with the
  // index `interrupt`.
  [[nodiscard]] virtual bool StartQueue(uint16_t queue, const Virtqueue& rings,
                                        uint32_t interrupt) = 0;
  // Has changes of the configuration raise that interrupt.
  [[nodiscard]] virtual bool SetConfigInterrupt(uint32_t interrupt) = 0;
  virtual void Notify(uint16_t queue) = 0;

  virtual DeviceInterrupts& interrupts() = 0;
  // Where the interrupt is a line: whether it was the device that asked, which
  // ends it.
  virtual bool TakeLine() = 0;
};

// Resets the device; returns whether it has done so. Bound: kResetPollsMax.
inline constexpr uint32_t kResetPollsMax = 100'000;
bool Reset(Transport& transport);

// Resets the device and agrees with it on features: those of `wanted` that it
// has, and kVersion1 where it is no legacy device. Errors: kUnavailable.
absl::StatusOr<uint64_t> Negotiate(Transport& transport, uint64_t wanted);
// All queues are given: the device goes live.
void GoLive(Transport& transport);

// What a queue is to be like, of those that were negotiated; none if the device
// does not have it, or not so that it could be used.
std::optional<Virtqueue::Options> ChooseOptions(Transport& transport,
                                                uint16_t queue,
                                                uint64_t features,
                                                uint16_t size_max,
                                                uint16_t indirect_max);

}  // namespace ebbrt::platform::virtio

#endif  // EBBRT_PLATFORM_BAREMETAL_VIRTIO_TRANSPORT_H_
