// Where a PCI function is, and the parts of a machine that hold functions.
//
// Cores: any. Blocks: never. Allocates: the text form. Errors: none.
// Source: PCI Local Bus 3.0, section 3.2.2.3; PCI Firmware 3.3, section 4.1
// (segments).
#ifndef EBBRT_PLATFORM_BAREMETAL_PCI_ADDRESS_H_
#define EBBRT_PLATFORM_BAREMETAL_PCI_ADDRESS_H_

#include <compare>
#include <cstdint>
#include <string>

namespace ebbrt::platform::pci {

inline constexpr uint32_t kBuses = 256;    // In a segment.
inline constexpr uint32_t kDevices = 32;   // On a bus.
inline constexpr uint32_t kFunctions = 8;  // Of a device.

struct Address {
  uint16_t segment = 0;
  uint8_t bus = 0;
  uint8_t device = 0;    // Below kDevices.
  uint8_t function = 0;  // Below kFunctions.

  // "0000:00:1f.2"
  std::string ToString() const;

  friend constexpr auto operator<=>(const Address&, const Address&) = default;
};

// Neighbouring buses of one segment.
struct BusRange {
  uint16_t segment = 0;
  uint8_t first = 0;
  uint8_t last = kBuses - 1;

  constexpr bool Contains(uint16_t a_segment, uint8_t bus) const {
    return a_segment == segment && bus >= first && bus <= last;
  }
};

}  // namespace ebbrt::platform::pci

#endif  // EBBRT_PLATFORM_BAREMETAL_PCI_ADDRESS_H_
