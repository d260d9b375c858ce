// A NIC whose queues are descriptors, made one by one as they are opened.
//
// Cores: core/net/nic.h. Ownership: the caller's. Blocks: never.
// Errors: those of making a descriptor.
#ifndef EBBRT_PLATFORM_LINUX_NIC_DESCRIPTOR_NIC_H_
#define EBBRT_PLATFORM_LINUX_NIC_DESCRIPTOR_NIC_H_

#include <unistd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/net/nic.h"
#include "platform/linux/nic/descriptor_queue.h"

namespace ebbrt::nic {

class DescriptorNic final : public Nic {
 public:
  // Makes a queue's descriptor, of which each call gives another.
  using Attach = std::function<absl::StatusOr<int>()>;

  // `first` is the first queue's descriptor, which keeps the device.
  DescriptorNic(std::string device, const MacAddress& address, size_t mtu,
                uint32_t queue_count, int first, Attach attach,
                bool offloads = true)
      : device_(std::move(device)),
        attach_(std::move(attach)),
        first_(first),
        queues_(queue_count) {
    facts_.name = device_;
    facts_.address = address;
    facts_.mtu = mtu;
    facts_.queue_count = queue_count;
    facts_.transmit_checksum = offloads;
    facts_.segmentation_bytes_max = offloads ? 65535 : 0;
    facts_.buffers_max = DescriptorQueue::kBuffersMax;
  }
  ~DescriptorNic() override {
    if (first_ >= 0) close(first_);
  }

  const NicFacts& facts() const override { return facts_; }

  absl::StatusOr<NicQueue*> OpenQueue(uint32_t queue,
                                      NicReceiver& receiver) override {
    if (queue >= queues_.size()) return absl::OutOfRangeError("no such queue");
    if (queues_[queue] != nullptr) {
      return absl::AlreadyExistsError("the queue is open");
    }
    int descriptor = queue == 0 ? std::exchange(first_, -1) : -1;
    if (descriptor < 0) {
      absl::StatusOr<int> attached = attach_();
      if (!attached.ok()) return attached.status();
      descriptor = *attached;
    }
    auto made = std::make_shared<DescriptorQueue>(descriptor, receiver);
    const int error = made->Start();
    if (error != 0) return absl::ErrnoToStatus(error, device_);
    queues_[queue] = std::move(made);
    return queues_[queue].get();
  }

 private:
  const std::string device_;
  const Attach attach_;
  NicFacts facts_;
  int first_;
  std::vector<std::shared_ptr<DescriptorQueue>> queues_;
};

}  // namespace ebbrt::nic

#endif  // EBBRT_PLATFORM_LINUX_NIC_DESCRIPTOR_NIC_H_
