// The I/O APICs: lines of devices, as vectors of a core.
//
// Cores: any, one at a time. Blocks: no. Allocates: no.
// Errors: false where no I/O APIC has the line.
// Source: Intel 82093AA data sheet, chapter 3.
#ifndef EBBRT_PLATFORM_BAREMETAL_IO_APIC_H_
#define EBBRT_PLATFORM_BAREMETAL_IO_APIC_H_

#include <cstdint>

#include "platform/baremetal/acpi/madt.h"

namespace ebbrt::platform::internal {

// Has the line interrupt a processor with that vector from now on.
bool RouteLine(const acpi::Madt& madt, const acpi::InterruptLine& line,
               uint8_t vector, uint32_t apic_id);
// Has it interrupt nobody.
bool MaskLine(const acpi::Madt& madt, const acpi::InterruptLine& line);

}  // namespace ebbrt::platform::internal

#endif  // EBBRT_PLATFORM_BAREMETAL_IO_APIC_H_
