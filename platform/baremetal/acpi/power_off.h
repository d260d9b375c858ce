// How to turn the machine off: the sleep type of state S5, out of AML, and the
// writes that enter it.
//
// AML is not interpreted. The one object that is needed, \_S5, is in practice
// a package of constants, and is looked for by its bytes:
//
//   08       5f 53 35 5f  12         length  count  type a  type b
//   NameOp   "_S5_"       PackageOp  1 to 4  1      integers
//
// Cores: any. Blocks: no. Allocates: the list of writes.
// Errors: none found.
// Source: ACPI 6.5, sections 7.4.2 (\_Sx), 16.1 (sleeping), 20.2 (AML),
// 4.8.3.2 and 4.8.3.7 (the registers).
#ifndef EBBRT_PLATFORM_BAREMETAL_ACPI_POWER_OFF_H_
#define EBBRT_PLATFORM_BAREMETAL_ACPI_POWER_OFF_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "platform/baremetal/acpi/fadt.h"
#include "platform/baremetal/acpi/fields.h"
#include "platform/baremetal/acpi/generic_address.h"

namespace ebbrt::platform::acpi {

// What a chipset calls a sleep state in its registers. Each is three bits.
struct SleepType {
  uint8_t a;
  uint8_t b;

  friend bool operator==(const SleepType&, const SleepType&) = default;
};

// The type of S5, if the AML of a DSDT or SSDT has it. Takes time linear in
// the bytes.
std::optional<SleepType> FindS5(const Fields& aml);

// The writes that turn the machine off, to be made in order, in ACPI mode.
// Empty if the machine has no registers for it.
std::vector<RegisterWrite> PowerOffWrites(const Fadt& fadt, SleepType type);

}  // namespace ebbrt::platform::acpi

#endif  // EBBRT_PLATFORM_BAREMETAL_ACPI_POWER_OFF_H_
