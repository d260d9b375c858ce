// The address ranges of a function: where its registers are.
//
// Cores: one at a time. Ownership: values. Blocks: no. Allocates: the list.
// Bound: six registers.
// Errors: kNotFound if the function is not there. A register that makes no
// sense is left out.
// Source: PCI Local Bus 3.0, section 6.2.5.
#ifndef EBBRT_PLATFORM_BAREMETAL_PCI_BARS_H_
#define EBBRT_PLATFORM_BAREMETAL_PCI_BARS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "platform/baremetal/pci/config_space.h"
#include "platform/baremetal/pci/function.h"

namespace ebbrt::platform::pci {

enum class BarKind : uint8_t { kPorts, kMemory32, kMemory64 };

struct Bar {
  // The register, by which capabilities name it. That of 64 bits takes the
  // next one too.
  uint8_t index;
  BarKind kind;
  // Reading has no effect, so it may be mapped as write-combining.
  bool prefetchable;
  // A physical address or a port; 0 if firmware has assigned none.
  uint64_t address;
  // A power of two, and address + bytes does not overflow.
  uint64_t bytes;
};

// All ranges that the function has. To learn their sizes, their registers are
// written and restored, while the function decodes no address: it must not be
// in use.
// REQUIRES: a driver has claimed the function, and has not started it.
absl::StatusOr<std::vector<Bar>> SizeBars(ConfigSpace& config,
                                          const Function& function);

}  // namespace ebbrt::platform::pci

#endif  // EBBRT_PLATFORM_BAREMETAL_PCI_BARS_H_
