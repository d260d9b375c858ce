// Registers that ACPI tables point to, as values: where they are and what is
// to be written there. The access itself is the caller's.
//
// Cores: any. Blocks, allocates: never.
// Errors: none; an address that no access can reach reads as none.
// Source: ACPI 6.5, section 5.2.3.2 (Generic Address Structure).
#ifndef EBBRT_PLATFORM_BAREMETAL_ACPI_GENERIC_ADDRESS_H_
#define EBBRT_PLATFORM_BAREMETAL_ACPI_GENERIC_ADDRESS_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "platform/baremetal/acpi/fields.h"

namespace ebbrt::platform::acpi {

// The address spaces that the registers used here may be in.
enum class AddressSpace : uint8_t {
  kMemory = 0,
  kPort = 1,
  // Of bus 0 of segment 0.
  kPciConfiguration = 2,
};

struct GenericAddress {
  static constexpr size_t kBytes = 12;

  AddressSpace space = AddressSpace::kPort;
  // A physical address, a port number, or as below.
  uint64_t address = 0;

  // The parts of an address in PCI configuration space.
  uint8_t pci_device() const { return static_cast<uint8_t>(address >> 32); }
  uint8_t pci_function() const { return static_cast<uint8_t>(address >> 16); }
  uint16_t pci_offset() const { return static_cast<uint16_t>(address); }

  // The register that stands `bytes` after this one.
  GenericAddress After(size_t bytes) const { return {space, address + bytes}; }

  friend bool operator==(const GenericAddress&,
                         const GenericAddress&) = default;
};

// The structure at `offset`; none where it is absent or all zero, in another
// space than those above, or where `bytes` bytes there are not in the space.
std::optional<GenericAddress> ReadGenericAddress(const Fields& fields,
                                                 size_t offset, size_t bytes);

// The ports that a field of 32 bits gives; none where it is zero or too large.
std::optional<GenericAddress> ReadPort(const Fields& fields, size_t offset,
                                       size_t bytes);

// One access to make: with keep_mask zero, write `value`; otherwise read, and
// write (what was read & keep_mask) | value. The access is `bytes` bytes wide.
struct RegisterWrite {
  GenericAddress address;
  uint32_t bytes;
  uint64_t keep_mask;
  uint64_t value;

  friend bool operator==(const RegisterWrite&, const RegisterWrite&) = default;
};

}  // namespace ebbrt::platform::acpi

#endif  // EBBRT_PLATFORM_BAREMETAL_ACPI_GENERIC_ADDRESS_H_
