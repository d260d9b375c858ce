// A virtio network device as a Nic: a pair of queues a core, checksums and TCP
// segmentation both ways, frames that are received into several buffers.
//
// Cores: made on one; OpenQueue on the queue's own. Ownership: owns its
// transport; the device is reset before its memory goes. Blocks: for a command
// that changes the number of pairs, kCommandPollsMax looks at most.
// Allocates: yes, when made. Bound: NicOptions.
// Errors: kUnavailable where the device is not as it says; a device that does
// not do a command goes on with the pairs that it has.
// Source: virtio 1.2, section 5.1.
#ifndef EBBRT_PLATFORM_BAREMETAL_VIRTIO_NET_DEVICE_H_
#define EBBRT_PLATFORM_BAREMETAL_VIRTIO_NET_DEVICE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/spin_lock.h"
#include "core/net/nic.h"
#include "platform/baremetal/devices/dma.h"
#include "platform/baremetal/nic/nic_driver.h"
#include "platform/baremetal/virtio/net_queue.h"
#include "platform/baremetal/virtio/transport.h"
#include "platform/baremetal/virtio/virtqueue.h"

namespace ebbrt::platform::virtio {

class NetDevice final : public Nic {
 public:
  static constexpr uint32_t kCommandPollsMax = 20'000'000;

  static absl::StatusOr<std::unique_ptr<Nic>> Create(
      std::unique_ptr<Transport> transport, std::string name,
      const NicOptions& options);
  ~NetDevice() override;

  const NicFacts& facts() const override { return facts_; }
  absl::StatusOr<NicQueue*> OpenQueue(uint32_t queue,
                                      NicReceiver& receiver) override;

 private:
  // What an interrupt of a pair calls.
  struct Interrupt {
    NetDevice* device;
    uint32_t pair;
  };
  // The control queue, and what a command and its outcome stand in.
  struct Control {
    DmaMemory memory;
    DmaPlace command;
    DmaPlace outcome;
    std::optional<Virtqueue> queue;
    uint16_t number = 0;
  };

  NetDevice(std::unique_ptr<Transport> transport, std::string name,
            uint64_t features);

  absl::Status SetUp(const NicOptions& options);
  void ReadFacts();
  uint32_t CountPairs(const NicOptions& options);
  absl::Status SetUpControl(uint32_t pairs_max);
  // Of the device: that of its configuration, and that of a pair.
  uint32_t ConfigInterrupt() const { return 0; }
  uint32_t PairInterrupt(uint32_t pair) const {
    return shares_interrupt_ ? 0 : 1 + pair;
  }
  uint16_t ReadConfig16(uint32_t offset);

  static bool OnPair(void* interrupt);
  static bool OnConfig(void* device);
  void CheckLink();
  // Has the device use all pairs before the first that is not open.
  void UsePairs();
  bool Command(const NetPairsCommand& command);

  const std::unique_ptr<Transport> transport_;
  const std::string name_;
  const uint64_t features_;
  NicFacts facts_;
  bool shares_interrupt_ = false;  // All have the device's first.
  std::vector<std::unique_ptr<NetQueue>> queues_;
  std::vector<Interrupt> interrupts_;  // By pair.

  SpinLock lock_;  // Of what follows, between cores that open queues.
  std::vector<bool> open_;
  Control control_;
  uint32_t pairs_in_use_ = 1;
};

}  // namespace ebbrt::platform::virtio

#endif  // EBBRT_PLATFORM_BAREMETAL_VIRTIO_NET_DEVICE_H_
