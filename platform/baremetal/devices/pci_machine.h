// The PCI functions of this machine.
//
// They are looked for when they are first asked for, by what firmware says of
// configuration space; where it says nothing, by ports.
//
// Cores: PciFunctions on one at a time; PciConfig under PciConfigLock.
// Ownership: the machine's, for ever. Blocks: no. Allocates: the list, once.
// Errors: a machine without PCI has no functions; what makes no sense is left
// out, and told on the console.
#ifndef EBBRT_PLATFORM_BAREMETAL_DEVICES_PCI_MACHINE_H_
#define EBBRT_PLATFORM_BAREMETAL_DEVICES_PCI_MACHINE_H_

#include <span>

#include "core/base/spin_lock.h"
#include "platform/baremetal/pci/config_space.h"
#include "platform/baremetal/pci/function.h"
#include "platform/baremetal/pci/port_config_space.h"

namespace ebbrt::platform {

std::span<const pci::Function> PciFunctions();

// Takes a function for the caller alone; false if another one has it.
// REQUIRES, of both: PciConfigLock is held.
bool TakeFunction(const pci::Address& address);
void LeaveFunction(const pci::Address& address);

pci::ConfigSpace& PciConfig();
SpinLock& PciConfigLock();
// The processor's own.
pci::Ports& MachinePorts();

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_BAREMETAL_DEVICES_PCI_MACHINE_H_
