// For tests and the fuzzer: reads whatever stands in memory as a machine's
// tables, and fails a check where the result is not what the headers promise.
//
// Cores: none needed. Allocates: yes.
#ifndef EBBRT_PLATFORM_BAREMETAL_ACPI_MACHINE_EXERCISE_H_
#define EBBRT_PLATFORM_BAREMETAL_ACPI_MACHINE_EXERCISE_H_

#include <cstdint>
#include <span>

#include "platform/baremetal/acpi/machine.h"
#include "platform/baremetal/acpi/table_builder.h"

namespace ebbrt::platform::acpi::testing {

// Makes each region's checksum right, as a table's or as a root pointer's, so
// that what is broken in it gets beyond that.
void FixChecksums(FakeMemory& memory);

void CheckMachine(const Machine& machine);

// Makes tables of known signatures, right checksums and otherwise arbitrary
// bytes, as `choices` say, and reads them.
void ExerciseMachine(std::span<const uint8_t> choices);

}  // namespace ebbrt::platform::acpi::testing

#endif  // EBBRT_PLATFORM_BAREMETAL_ACPI_MACHINE_EXERCISE_H_
