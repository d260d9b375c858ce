// A PCI function that a driver has claimed.
//
// Its registers are mapped uncached; its interrupts are messages where it has
// them (MSI-X before MSI, of which it is given one), or its line.
//
// Cores: one, but for its interrupts, which are bound each on their own.
// Ownership: when it is destroyed the device interrupts nobody and masters the
// bus no more. Blocks: no. Allocates: yes, not when an interrupt comes.
// Bound: kDeviceInterruptsMax.
// Errors: kAlreadyExists where another driver has it; kInvalidArgument for what
// the device says of itself and makes no sense; kUnavailable where firmware has
// assigned no address.
// Source: PCI Local Bus 3.0, chapter 6.
#ifndef EBBRT_PLATFORM_BAREMETAL_DEVICES_PCI_DEVICE_H_
#define EBBRT_PLATFORM_BAREMETAL_DEVICES_PCI_DEVICE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/baremetal/cpu/processor.h"
#include "platform/baremetal/devices/device_interrupts.h"
#include "platform/baremetal/devices/registers.h"
#include "platform/baremetal/pci/bars.h"
#include "platform/baremetal/pci/function.h"
#include "platform/baremetal/pci/msi.h"
#include "platform/baremetal/pci/msix.h"

namespace ebbrt::platform {

// A pair of queues for each processor, and two more.
inline constexpr uint32_t kDeviceInterruptsMax = machine::kProcessorsMax + 2;

class PciDevice final : public DeviceInterrupts {
 public:
  // Claims the function: from now on it decodes its addresses; it does not
  // master the bus, whatever firmware left it doing.
  static absl::StatusOr<std::unique_ptr<PciDevice>> Claim(
      const pci::Function& function);
  ~PciDevice() override;

  const pci::Function& function() const { return function_; }

  // [offset, offset + bytes) of the memory of BAR `index`.
  absl::StatusOr<Registers> MapMemory(uint8_t index, uint64_t offset,
                                      uint64_t bytes);
  // The first port of BAR `index`. REQUIRES of what the device says: at least
  // so many.
  absl::StatusOr<uint16_t> FindPorts(uint8_t index, uint32_t bytes) const;
  // As many bytes as BAR `index` has; 0 if it is not there.
  uint64_t BarBytes(uint8_t index) const;

  // Lets it read and write memory. REQUIRES: the driver has reset it.
  void MasterBus();

  // The interrupts.
  uint32_t count() const override {
    return static_cast<uint32_t>(bindings_.size());
  }
  bool are_messages() const override {
    return table_.has_value() || msi_.has_value();
  }
  // Whether they are MSI-X: a device may have to be told which it is to use.
  bool are_msix() const { return table_.has_value(); }
  absl::Status Bind(uint32_t index, DeviceHandler handler,
                    void* context) override;
  void Unbind(uint32_t index) override;

 private:
  struct Binding {
    DeviceHandler handler = nullptr;  // Null: not bound.
    void* context = nullptr;
    machine::Processor* processor = nullptr;
    uint8_t vector = 0;
  };

  PciDevice(const pci::Function& function, std::vector<pci::Bar> bars)
      : function_(function), bars_(std::move(bars)) {}

  const pci::Bar* FindBar(uint8_t index) const;
  void PrepareInterrupts();
  bool PrepareMsix();
  absl::Status BindMessage(uint32_t index);
  static void OnMessage(void* binding);

  const pci::Function function_;
  const std::vector<pci::Bar> bars_;
  // At most one of these; with none it has a line.
  std::optional<pci::MsixTable> table_;
  std::optional<pci::Msix> msix_;
  std::optional<pci::Msi> msi_;
  std::vector<Binding> bindings_;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_BAREMETAL_DEVICES_PCI_DEVICE_H_
