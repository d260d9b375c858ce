// For tests: a virtio device whose other side is the test.
//
// Cores: the queue's, for what is the queue's. Ownership: the driver owns it;
// the test keeps a pointer. Blocks: no. Allocates: yes.
#ifndef EBBRT_PLATFORM_BAREMETAL_VIRTIO_FAKE_TRANSPORT_H_
#define EBBRT_PLATFORM_BAREMETAL_VIRTIO_FAKE_TRANSPORT_H_

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "absl/status/status.h"
#include "platform/baremetal/devices/device_interrupts.h"
#include "platform/baremetal/virtio/device_queue.h"
#include "platform/baremetal/virtio/transport.h"

namespace ebbrt::platform::virtio::testing {

class FakeInterrupts final : public DeviceInterrupts {
 public:
  explicit FakeInterrupts(uint32_t count) : bound_(count) {}
  uint32_t count() const override {
    return static_cast<uint32_t>(bound_.size());
  }
  bool are_messages() const override { return true; }
  absl::Status Bind(uint32_t index, DeviceHandler handler,
                    void* context) override {
    if (index >= count()) return absl::OutOfRangeError("no such interrupt");
    bound_[index] = {handler, context};
    return absl::OkStatus();
  }
  void Unbind(uint32_t index) override { bound_[index] = {}; }

  void Raise(uint32_t index) {
    if (bound_[index].handler != nullptr) {
      bound_[index].handler(bound_[index].context);
    }
  }

 private:
  struct Bound {
    DeviceHandler handler = nullptr;
    void* context = nullptr;
  };
  std::vector<Bound> bound_;
};

class FakeTransport final : public Transport {
 public:
  struct Options {
    uint64_t features = kVersion1;
    uint16_t queue_count = 3;
    uint16_t queue_size = 64;
    uint32_t interrupt_count = 4;
    bool is_legacy = false;
  };
  explicit FakeTransport(const Options& options)
      : options_(options), interrupts_(options.interrupt_count) {}

  bool is_legacy() const override { return options_.is_legacy; }
  uint64_t ReadFeatures() override { return options_.features; }
  void WriteFeatures(uint64_t features) override { negotiated = features; }
  uint8_t ReadStatus() override { return status; }
  void WriteStatus(uint8_t value) override {
    status = value;
    if (value == 0) queues.clear();
    if (value == 0 && on_reset) on_reset();
  }
  uint8_t ReadConfig(uint32_t offset) override {
    return offset < config.size() ? config[offset] : uint8_t{0};
  }
  uint16_t QueueSizeMax(uint16_t queue) override {
    return queue < options_.queue_count ? options_.queue_size : uint16_t{0};
  }
  bool StartQueue(uint16_t queue, const Virtqueue& rings,
                  uint32_t interrupt) override {
    interrupt_of[queue] = interrupt;
    return queues
        .emplace(std::piecewise_construct, std::forward_as_tuple(queue),
                 std::forward_as_tuple(
                     rings.size(),
                     DeviceQueue::Addresses{rings.descriptors_address(),
                                            rings.available_address(),
                                            rings.used_address()},
                     (negotiated & kEventIndex) != 0))
        .second;
  }
  bool SetConfigInterrupt(uint32_t interrupt) override {
    return interrupt < interrupts_.count();
  }
  void Notify(uint16_t queue) override {
    ++notifications[queue];
    if (on_notify) on_notify(queue);
  }
  FakeInterrupts& interrupts() override { return interrupts_; }
  bool TakeLine() override { return true; }

  uint8_t status = 0;
  uint64_t negotiated = 0;
  std::vector<uint8_t> config = std::vector<uint8_t>(12);
  std::map<uint16_t, DeviceQueue> queues;
  std::map<uint16_t, uint32_t> interrupt_of;
  std::map<uint16_t, uint32_t> notifications;
  std::function<void(uint16_t queue)> on_notify;
  std::function<void()> on_reset;

 private:
  const Options options_;
  FakeInterrupts interrupts_;
};

}  // namespace ebbrt::platform::virtio::testing

#endif  // EBBRT_PLATFORM_BAREMETAL_VIRTIO_FAKE_TRANSPORT_H_
