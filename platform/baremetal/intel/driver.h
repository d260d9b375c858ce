// The drivers of Intel's gigabit controllers on PCI (nic/nic_driver.h).
#ifndef EBBRT_PLATFORM_BAREMETAL_INTEL_DRIVER_H_
#define EBBRT_PLATFORM_BAREMETAL_INTEL_DRIVER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "core/net/nic.h"
#include "platform/baremetal/nic/nic_driver.h"
#include "platform/baremetal/pci/function.h"

namespace ebbrt::platform::intel {

// The 82540EM, QEMU's e1000.
struct E1000Driver {
  static bool Claims(const pci::Function& function);
  static absl::StatusOr<std::unique_ptr<Nic>> Probe(
      const pci::Function& function, const NicOptions& options);
};
static_assert(NicDriver<E1000Driver>);

// The 82574L, QEMU's e1000e.
struct E1000eDriver {
  static bool Claims(const pci::Function& function);
  static absl::StatusOr<std::unique_ptr<Nic>> Probe(
      const pci::Function& function, const NicOptions& options);
};
static_assert(NicDriver<E1000eDriver>);

}  // namespace ebbrt::platform::intel

#endif  // EBBRT_PLATFORM_BAREMETAL_INTEL_DRIVER_H_
