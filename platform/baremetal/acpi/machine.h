// All that the ACPI tables say of a machine and that we use, as one value.
//
// Cores: one, during bring-up, after libc is up. Ownership: values; nothing
// refers to the tables. Blocks: no. Allocates: yes.
// Bound: those of the parts.
// Errors: a status if there is no usable root. Apart from that nothing is an
// error: a table that is absent leaves its part empty, and so does a broken
// one, whose status is among the problems.
// Source: ACPI 6.5, section 5.2.
#ifndef EBBRT_PLATFORM_BAREMETAL_ACPI_MACHINE_H_
#define EBBRT_PLATFORM_BAREMETAL_ACPI_MACHINE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/baremetal/acpi/fadt.h"
#include "platform/baremetal/acpi/hpet.h"
#include "platform/baremetal/acpi/madt.h"
#include "platform/baremetal/acpi/mcfg.h"
#include "platform/baremetal/acpi/numa.h"
#include "platform/baremetal/acpi/physical_memory.h"
#include "platform/baremetal/acpi/power_off.h"

namespace ebbrt::platform::acpi {

struct Machine {
  std::optional<Madt> madt;
  std::optional<Fadt> fadt;
  std::optional<Hpet> hpet;
  // None: one node.
  std::optional<Numa> numa;
  // Empty: configuration space is reached by ports.
  std::vector<EcamRange> ecam;
  // None: the machine cannot be turned off.
  std::optional<SleepType> power_off;
  // What was left out, for the boot log.
  std::vector<absl::Status> problems;
};

// Reads the tables, given the root pointer's physical address, which the
// loader hands over or FindRsdp (tables.h) finds.
absl::StatusOr<Machine> ReadMachine(PhysicalMemory& memory,
                                    uint64_t rsdp_address);

}  // namespace ebbrt::platform::acpi

#endif  // EBBRT_PLATFORM_BAREMETAL_ACPI_MACHINE_H_
