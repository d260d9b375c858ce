// virtio over PCI, as of version 1.0: registers in memory, which capabilities
// lead to.
//
// Cores, ownership, blocks: as transport.h. Allocates: when made.
// Errors: kInvalidArgument for capabilities that lead nowhere.
// Source: virtio 1.2, section 4.1.
#ifndef EBBRT_PLATFORM_BAREMETAL_VIRTIO_PCI_TRANSPORT_H_
#define EBBRT_PLATFORM_BAREMETAL_VIRTIO_PCI_TRANSPORT_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "platform/baremetal/devices/pci_device.h"
#include "platform/baremetal/devices/registers.h"
#include "platform/baremetal/pci/function.h"
#include "platform/baremetal/virtio/transport.h"

namespace ebbrt::platform::virtio {

inline constexpr uint16_t kVirtioVendor = 0x1af4;

// Claims the function and finds out how it is spoken to: as of 1.0 where it can
// be, else as before (legacy_transport.h).
absl::StatusOr<std::unique_ptr<Transport>> ConnectPci(
    const pci::Function& function);

class PciTransport final : public Transport {
 public:
  // kNotFound if the device has no such capabilities.
  static absl::StatusOr<std::unique_ptr<Transport>> Create(
      std::unique_ptr<PciDevice>& device);

  bool is_legacy() const override { return false; }
  uint64_t ReadFeatures() override;
  void WriteFeatures(uint64_t features) override;
  uint8_t ReadStatus() override;
  void WriteStatus(uint8_t status) override;
  uint8_t ReadConfig(uint32_t offset) override;
  uint16_t QueueSizeMax(uint16_t queue) override;
  bool StartQueue(uint16_t queue, const Virtqueue& rings,
                  uint32_t interrupt) override;
  bool SetConfigInterrupt(uint32_t interrupt) override;
  void Notify(uint16_t queue) override;
  DeviceInterrupts& interrupts() override { return *device_; }
  bool TakeLine() override;

 private:
  // Where the parts are.
  struct Parts {
    Registers common;
    Registers notify;
    Registers interrupt;
    Registers config;  // May be empty.
    uint32_t notify_stride = 0;
  };

  PciTransport(std::unique_ptr<PciDevice> device, const Parts& parts)
      : device_(std::move(device)), parts_(parts) {}

  static absl::StatusOr<Parts> FindParts(PciDevice& device);
  // Has the register of a vector name one; false if the device refuses.
  bool SetVector(uint32_t offset, uint32_t interrupt);

  const std::unique_ptr<PciDevice> device_;
  const Parts parts_;
  std::vector<uint32_t> notify_offsets_;  // By queue, of those that started.
};

}  // namespace ebbrt::platform::virtio

#endif  // EBBRT_PLATFORM_BAREMETAL_VIRTIO_PCI_TRANSPORT_H_
