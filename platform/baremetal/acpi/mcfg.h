// The MCFG: where PCI configuration space is mapped into memory.
//
// Cores: any. Blocks: no. Allocates: yes. Ownership: values.
// Bound: kEcamRangesMax; a table with more is an error.
// Errors: kInvalidArgument, with table and offset.
// Source: PCI Firmware Specification 3.3, section 4.1.2.
#ifndef EBBRT_PLATFORM_BAREMETAL_ACPI_MCFG_H_
#define EBBRT_PLATFORM_BAREMETAL_ACPI_MCFG_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "platform/baremetal/acpi/table.h"

namespace ebbrt::platform::acpi {

inline constexpr size_t kEcamRangesMax = 1024;
// One bus in memory: 32 devices of 8 functions of 4 KiB.
inline constexpr uint64_t kEcamBusBytes = uint64_t{1} << 20;

struct EcamRange {
  uint16_t segment;
  uint8_t bus_first;
  uint8_t bus_last;  // Not below bus_first.
  // Physical, of bus 0, also where that is not in the range.
  uint64_t bus_zero_address;

  // What there is to map.
  uint64_t address() const {
    return bus_zero_address + bus_first * kEcamBusBytes;
  }
  uint64_t bytes() const {
    return (uint64_t{bus_last} - bus_first + 1) * kEcamBusBytes;
  }
};

// REQUIRES: the table's signature is "MCFG".
absl::StatusOr<std::vector<EcamRange>> ReadMcfg(const Table& table);

}  // namespace ebbrt::platform::acpi

#endif  // EBBRT_PLATFORM_BAREMETAL_ACPI_MCFG_H_
