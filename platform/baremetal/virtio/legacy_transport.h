// virtio over PCI as it was before version 1.0: registers behind ports.
//
// Cores, ownership, blocks: as transport.h; a notification is one access.
// Allocates: when made. Errors: kInvalidArgument where there are no ports. A
// queue has to stand below 16 TiB, and be as long as the device says.
// Source: virtio 1.2, section 4.1.4.10 ("Legacy Interfaces").
#ifndef EBBRT_PLATFORM_BAREMETAL_VIRTIO_LEGACY_TRANSPORT_H_
#define EBBRT_PLATFORM_BAREMETAL_VIRTIO_LEGACY_TRANSPORT_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "platform/baremetal/devices/pci_device.h"
#include "platform/baremetal/pci/port_config_space.h"
#include "platform/baremetal/virtio/transport.h"

namespace ebbrt::platform::virtio {

class LegacyTransport final : public Transport {
 public:
  static absl::StatusOr<std::unique_ptr<Transport>> Create(
      std::unique_ptr<PciDevice>& device);

  bool is_legacy() const override { return true; }
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
  LegacyTransport(std::unique_ptr<PciDevice> device, uint16_t first_port,
                  uint32_t port_count);

  uint32_t In(uint32_t offset, uint32_t bytes);
  void Out(uint32_t offset, uint32_t bytes, uint32_t value);
  bool SetVector(uint32_t offset, uint32_t interrupt);

  const std::unique_ptr<PciDevice> device_;
  pci::Ports& ports_;
  const uint16_t first_port_;
  const uint32_t port_count_;
};

}  // namespace ebbrt::platform::virtio

#endif  // EBBRT_PLATFORM_BAREMETAL_VIRTIO_LEGACY_TRANSPORT_H_
