#include "platform/baremetal/virtio/net_driver.h"

#include <utility>

#include "platform/baremetal/virtio/net_device.h"
#include "platform/baremetal/virtio/pci_transport.h"

namespace ebbrt::platform::virtio {
namespace {

// Section 4.1.2: as of 1.0, and before it.
constexpr uint16_t kModernNet = 0x1041;
constexpr uint16_t kTransitionalNet = 0x1000;

}  // namespace

bool NetDriver::Claims(const pci::Function& function) {
  return function.vendor == kVirtioVendor &&
         (function.device == kModernNet ||
          function.device == kTransitionalNet);
}

absl::StatusOr<std::unique_ptr<Nic>> NetDriver::Probe(
    const pci::Function& function, const NicOptions& options) {
  auto transport = ConnectPci(function);
  if (!transport.ok()) return transport.status();
  return NetDevice::Create(*std::move(transport),
                           "virtio-net " + function.address.ToString(),
                           options);
}

}  // namespace ebbrt::platform::virtio
