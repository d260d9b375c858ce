// The lists of what a function can do beyond the basics.
//
// Cores: one at a time. Ownership: values. Blocks: no. Allocates: the lists.
// Bound: as many as there is room for in configuration space; a list that
// loops or leaves its space ends there.
// Errors: none. Nothing is written.
// Source: PCI Local Bus 3.0, section 6.7; PCI Express Base 5.0, section 7.6.
#ifndef EBBRT_PLATFORM_BAREMETAL_PCI_CAPABILITIES_H_
#define EBBRT_PLATFORM_BAREMETAL_PCI_CAPABILITIES_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "platform/baremetal/pci/config_space.h"
#include "platform/baremetal/pci/function.h"

namespace ebbrt::platform::pci {

inline constexpr uint8_t kMsiCapability = 0x05;
inline constexpr uint8_t kVendorCapability = 0x09;
inline constexpr uint8_t kExpressCapability = 0x10;
inline constexpr uint8_t kMsixCapability = 0x11;

struct Capability {
  uint16_t id;
  // Of its first register.
  uint16_t offset;

  friend bool operator==(const Capability&, const Capability&) = default;
};

// The capabilities in the first 256 bytes, in the order of the list. One id
// may occur several times (kVendorCapability).
std::vector<Capability> ReadCapabilities(ConfigSpace& config,
                                         const Function& function);

// The extended ones of PCI Express, behind those; their ids are others. Empty
// where configuration space is reached by ports.
std::vector<Capability> ReadExtendedCapabilities(ConfigSpace& config,
                                                 const Function& function);

// The offset of the first of that id.
std::optional<uint16_t> FindCapability(
    std::span<const Capability> capabilities, uint16_t id);

}  // namespace ebbrt::platform::pci

#endif  // EBBRT_PLATFORM_BAREMETAL_PCI_CAPABILITIES_H_
