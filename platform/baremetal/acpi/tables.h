// From the root pointer to all tables of a machine.
//
// Cores: one at a time. Ownership: tables are views, valid while the
// PhysicalMemory is. Blocks: no. Allocates: yes.
// Bound: kTablesMax tables, kTablesBytesMax bytes; what is beyond is left out
// and named among the problems.
// Errors: without a usable root there is nothing: a status. A broken table
// among others is left out, and its status is among the problems.
// Source: ACPI 6.5, sections 5.2.5 (RSDP), 5.2.7 (RSDT), 5.2.8 (XSDT).
#ifndef EBBRT_PLATFORM_BAREMETAL_ACPI_TABLES_H_
#define EBBRT_PLATFORM_BAREMETAL_ACPI_TABLES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/types.h"
#include "platform/baremetal/acpi/physical_memory.h"
#include "platform/baremetal/acpi/table.h"

namespace ebbrt::platform::acpi {

inline constexpr size_t kTablesMax = 1024;
inline constexpr size_t kTablesBytesMax = 64 * kMiB;

// The physical address of the root pointer of a machine that started by BIOS,
// where it stands in the first KiB of the extended BIOS data area or between
// 0xe0000 and 0xfffff.
std::optional<uint64_t> FindRsdp(PhysicalMemory& memory);

// The root pointer in a range, of the highest revision if there are several.
// After a start by UEFI through a loader that does not hand it over, it is in
// one of the ranges that the memory map calls ACPI's.
std::optional<uint64_t> FindRsdpIn(PhysicalMemory& memory, uint64_t address,
                                   size_t bytes);

struct Tables {
  // Those that the root lists and that are in order, as it lists them.
  std::vector<Table> tables;
  // Why others are not among them.
  std::vector<absl::Status> problems;

  // The first of that signature; null if there is none. Valid while this
  // object is.
  const Table* Find(std::string_view signature) const;
};

// All tables, given the root pointer's physical address. The XSDT is used, or
// the RSDT if there is no XSDT or it is broken.
absl::StatusOr<Tables> ReadTables(PhysicalMemory& memory,
                                  uint64_t rsdp_address);

}  // namespace ebbrt::platform::acpi

#endif  // EBBRT_PLATFORM_BAREMETAL_ACPI_TABLES_H_
