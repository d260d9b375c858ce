// MSI: one interrupt message, kept in configuration space.
//
// A function may ask for several, which would have to be neighbouring vectors
// of one core; it is given one. What needs more has MSI-X (msix.h).
//
// Cores: one at a time. Ownership: values. Blocks: no. Allocates: the list of
// capabilities, in FindMsi. Errors: none.
// Source: PCI Local Bus 3.0, section 6.8.1.
#ifndef EBBRT_PLATFORM_BAREMETAL_PCI_MSI_H_
#define EBBRT_PLATFORM_BAREMETAL_PCI_MSI_H_

#include <cstdint>
#include <optional>

#include "platform/baremetal/pci/config_space.h"
#include "platform/baremetal/pci/function.h"
#include "platform/baremetal/pci/message.h"

namespace ebbrt::platform::pci {

struct Msi {
  Address function;
  uint16_t offset;  // Of the capability.
  // How many messages the function asks for: 1 to 32.
  uint32_t messages_wanted;
  bool has_wide_address;  // 64 bits, which moves what is behind.
  bool has_mask;
};

// None if the function has no MSI, or one that leaves configuration space.
std::optional<Msi> FindMsi(ConfigSpace& config, const Function& function);

// Writes the message, of all the function's interrupts. REQUIRES: disabled, or
// masked.
void SetMsiMessage(ConfigSpace& config, const Msi& msi,
                   const Message& message);

// From now on interrupts are messages, and not INTx; or INTx again.
void EnableMsi(ConfigSpace& config, const Msi& msi, bool enable);

// Holds interrupts back, and sends what is pending when unmasked.
// REQUIRES: has_mask.
void MaskMsi(ConfigSpace& config, const Msi& msi, bool mask);

}  // namespace ebbrt::platform::pci

#endif  // EBBRT_PLATFORM_BAREMETAL_PCI_MSI_H_
