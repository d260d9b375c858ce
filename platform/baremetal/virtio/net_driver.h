// The driver of virtio network devices on PCI (nic/nic_driver.h).
#ifndef EBBRT_PLATFORM_BAREMETAL_VIRTIO_NET_DRIVER_H_
#define EBBRT_PLATFORM_BAREMETAL_VIRTIO_NET_DRIVER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "core/net/nic.h"
#include "platform/baremetal/nic/nic_driver.h"
#include "platform/baremetal/pci/function.h"

namespace ebbrt::platform::virtio {

struct NetDriver {
  static bool Claims(const pci::Function& function);
  static absl::StatusOr<std::unique_ptr<Nic>> Probe(
      const pci::Function& function, const NicOptions& options);
};
static_assert(NicDriver<NetDriver>);

}  // namespace ebbrt::platform::virtio

#endif  // EBBRT_PLATFORM_BAREMETAL_VIRTIO_NET_DRIVER_H_
