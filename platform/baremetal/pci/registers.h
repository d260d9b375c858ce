// The layout of configuration space, as far as it is used.
//
// Cores: any. Source: PCI Local Bus 3.0, sections 6.1, 6.2; PCI-to-PCI Bridge
// Architecture 1.2, section 3.2.
#ifndef EBBRT_PLATFORM_BAREMETAL_PCI_REGISTERS_H_
#define EBBRT_PLATFORM_BAREMETAL_PCI_REGISTERS_H_

#include <cstdint>

namespace ebbrt::platform::pci {

// Of all functions. The number in a name is the register's bits.
inline constexpr uint32_t kVendor16 = 0x00;
inline constexpr uint32_t kDevice16 = 0x02;
inline constexpr uint32_t kCommand16 = 0x04;
inline constexpr uint32_t kStatus16 = 0x06;
inline constexpr uint32_t kRevision8 = 0x08;
inline constexpr uint32_t kInterface8 = 0x09;
inline constexpr uint32_t kSubclass8 = 0x0a;
inline constexpr uint32_t kClass8 = 0x0b;
inline constexpr uint32_t kHeaderType8 = 0x0e;
inline constexpr uint32_t kBars32 = 0x10;
inline constexpr uint32_t kCapabilities8 = 0x34;
inline constexpr uint32_t kInterruptLine8 = 0x3c;
inline constexpr uint32_t kInterruptPin8 = 0x3d;
// Of header type 0.
inline constexpr uint32_t kSubsystemVendor16 = 0x2c;
inline constexpr uint32_t kSubsystem16 = 0x2e;
// Of header type 1.
inline constexpr uint32_t kPrimaryBus8 = 0x18;
inline constexpr uint32_t kSecondaryBus8 = 0x19;
inline constexpr uint32_t kSubordinateBus8 = 0x1a;

// A vendor that nobody is: nothing is there.
inline constexpr uint16_t kNoVendor = 0xffff;

inline constexpr uint8_t kMultifunction = 1u << 7;  // In kHeaderType8.
inline constexpr uint16_t kHasCapabilities = 1u << 4;  // In kStatus16.

}  // namespace ebbrt::platform::pci

#endif  // EBBRT_PLATFORM_BAREMETAL_PCI_REGISTERS_H_
