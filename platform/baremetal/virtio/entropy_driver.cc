#include "platform/baremetal/virtio/entropy_driver.h"

#include <string>

#include "absl/status/statusor.h"
#include "platform/baremetal/baremetal.h"
#include "platform/baremetal/devices/pci_machine.h"
#include "platform/baremetal/libc/system_calls.h"
#include "platform/baremetal/virtio/entropy_device.h"
#include "platform/baremetal/virtio/pci_transport.h"

namespace ebbrt::platform::virtio {
namespace {

// Section 4.1.2: as of 1.0, and before it.
constexpr uint16_t kModernEntropy = 0x1044;
constexpr uint16_t kTransitionalEntropy = 0x1005;

// Twice what the pool holds.
constexpr size_t kBytesWanted = 64;

absl::StatusOr<std::string> ReadEntropyOf(const pci::Function& function) {
  auto transport = ConnectPci(function);
  if (!transport.ok()) return transport.status();
  return ReadEntropy(**transport, kBytesWanted);
}

}  // namespace

size_t AddDeviceEntropy() {
  size_t count = 0;
  for (const pci::Function& function : PciFunctions()) {
    if (function.vendor != kVirtioVendor ||
        (function.device != kModernEntropy &&
         function.device != kTransitionalEntropy)) {
      continue;
    }
    const absl::StatusOr<std::string> bytes = ReadEntropyOf(function);
    if (bytes.ok()) {
      machine::AddEntropy(bytes->data(), bytes->size());
      count += bytes->size();
    } else {
      Baremetal::WriteConsole("entropy device " + function.address.ToString() +
                              ": " + std::string(bytes.status().message()) +
                              "\n");
    }
  }
  return count;
}

}  // namespace ebbrt::platform::virtio
