// For tests: the tables of a machine, out of a dump in the form of acpidump(8).
//
// Cores: none needed. Allocates: yes. Errors: a failed check; the file is ours.
#ifndef EBBRT_PLATFORM_BAREMETAL_ACPI_ACPI_DUMP_H_
#define EBBRT_PLATFORM_BAREMETAL_ACPI_ACPI_DUMP_H_

#include <cstdint>
#include <string>

#include "platform/baremetal/acpi/table_builder.h"

namespace ebbrt::platform::acpi::testing {

// Puts all that the file testdata/NAME has into memory, where it stood.
// Returns the address of the root pointer.
uint64_t PutDump(const std::string& name, FakeMemory& memory);

}  // namespace ebbrt::platform::acpi::testing

#endif  // EBBRT_PLATFORM_BAREMETAL_ACPI_ACPI_DUMP_H_
