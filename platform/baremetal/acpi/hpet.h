// The HPET table: where the high precision event timer is.
//
// Cores: any. Blocks: no. Allocates: messages of errors. Ownership: values.
// Errors: kInvalidArgument, with table and offset.
// Source: IA-PC HPET specification 1.0a, section 3.2.4.
#ifndef EBBRT_PLATFORM_BAREMETAL_ACPI_HPET_H_
#define EBBRT_PLATFORM_BAREMETAL_ACPI_HPET_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "platform/baremetal/acpi/table.h"

namespace ebbrt::platform::acpi {

struct Hpet {
  // Physical, of 1 KiB of registers. The period of a tick is in the first.
  uint64_t address;
  // The least number of ticks between two periodic interrupts that are not
  // lost.
  uint16_t minimum_ticks;
  uint32_t comparators;
  // The main counter has 64 bits, not 32.
  bool wide_counter;
};

// REQUIRES: the table's signature is "HPET".
absl::StatusOr<Hpet> ReadHpet(const Table& table);

}  // namespace ebbrt::platform::acpi

#endif  // EBBRT_PLATFORM_BAREMETAL_ACPI_HPET_H_
