#include "platform/baremetal/intel/driver.h"

#include <cstdint>
#include <string>
#include <utility>

#include "platform/baremetal/devices/pci_device.h"
#include "platform/baremetal/intel/device.h"
#include "platform/baremetal/intel/registers.h"

namespace ebbrt::platform::intel {
namespace {

constexpr uint16_t kVendor = 0x8086;
constexpr uint16_t k82540Em = 0x100e;
constexpr uint16_t k82574L = 0x10d3;
constexpr uint8_t kRegisterBar = 0;
// For a pair of queues, and for the rest.
constexpr uint32_t kMessagesMin = 2;

absl::StatusOr<std::unique_ptr<Nic>> ProbeAs(std::string_view name, Model model,
                                             const pci::Function& function,
                                             const NicOptions& options) {
  auto device = PciDevice::Claim(function);
  if (!device.ok()) return device.status();
  const auto registers =
      (*device)->MapMemory(kRegisterBar, 0, kRegisterBytes);
  if (!registers.ok()) return registers.status();
  const bool has_messages =
      (*device)->are_msix() && (*device)->count() >= kMessagesMin;
  PciDevice& claimed = **device;
  auto nic = Device::Create(
      {.registers = *registers,
       .interrupts = *std::move(device),
       .signalling =
           has_messages ? Signalling::kMessages : Signalling::kCauses,
       .model = model},
      std::string(name) + " " + function.address.ToString(), options);
  // It has been reset.
  if (nic.ok()) claimed.MasterBus();
  return nic;
}

}  // namespace

bool E1000Driver::Claims(const pci::Function& function) {
  return function.vendor == kVendor && function.device == k82540Em;
}
absl::StatusOr<std::unique_ptr<Nic>> E1000Driver::Probe(
    const pci::Function& function, const NicOptions& options) {
  return ProbeAs("e1000", Model::k8254x, function, options);
}

bool E1000eDriver::Claims(const pci::Function& function) {
  return function.vendor == kVendor && function.device == k82574L;
}
absl::StatusOr<std::unique_ptr<Nic>> E1000eDriver::Probe(
    const pci::Function& function, const NicOptions& options) {
  return ProbeAs("e1000e", Model::k82574, function, options);
}

}  // namespace ebbrt::platform::intel
