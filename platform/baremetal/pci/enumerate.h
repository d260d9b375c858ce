// Finds the PCI functions of a machine, behind bridges as firmware set them
// up.
//
// Cores: one, during bring-up. Ownership: values. Blocks: no. Allocates: yes.
// Bound: a bus is visited once, whatever bridges say; kEnumeratedMax
// functions.
// Errors: none. What makes no sense is left out, with a note for the boot log.
// Invariant: nothing is written.
// Source: PCI Local Bus 3.0, section 6.1; PCI-to-PCI Bridge Architecture 1.2,
// section 3.2.5 (bus numbers).
#ifndef EBBRT_PLATFORM_BAREMETAL_PCI_ENUMERATE_H_
#define EBBRT_PLATFORM_BAREMETAL_PCI_ENUMERATE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "platform/baremetal/pci/address.h"
#include "platform/baremetal/pci/config_space.h"
#include "platform/baremetal/pci/function.h"

namespace ebbrt::platform::pci {

inline constexpr size_t kEnumeratedMax = 4096;

struct Enumeration {
  // In the order of their addresses.
  std::vector<Function> functions;
  std::vector<std::string> notes;
};

// Which buses have a host bridge of their own. AML says, which is not
// interpreted here.
enum class Roots {
  // The first of each range: a virtual machine, a desktop.
  kFirstBus,
  // Any: a server of several sockets. Each bus of a range that no bridge leads
  // to is probed as well, at 32 reads a bus.
  kAnyBus,
};

// All functions on the buses of `ranges`. Ranges that overlap, or have no bus,
// are noted and left out.
Enumeration Enumerate(ConfigSpace& config, std::span<const BusRange> ranges,
                      Roots roots);

}  // namespace ebbrt::platform::pci

#endif  // EBBRT_PLATFORM_BAREMETAL_PCI_ENUMERATE_H_
