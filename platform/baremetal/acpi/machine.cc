#include "platform/baremetal/acpi/machine.h"

#include <string_view>
#include <utility>

#include "platform/baremetal/acpi/table.h"
#include "platform/baremetal/acpi/tables.h"

namespace ebbrt::platform::acpi {
namespace {

// What `read` makes of the table of that signature, if there is one.
template <typename T>
std::optional<T> ReadIfPresent(const Tables& tables,
                               std::string_view signature,
                               absl::StatusOr<T> (*read)(const Table&),
                               std::vector<absl::Status>& problems) {
  const Table* table = tables.Find(signature);
  if (table == nullptr) return std::nullopt;
  absl::StatusOr<T> value = read(*table);
  if (value.ok()) return *std::move(value);
  problems.push_back(value.status());
  return std::nullopt;
}

// The DSDT is not among the tables, but the FADT's; SSDTs add to it.
std::optional<SleepType> FindPowerOff(PhysicalMemory& memory,
                                      const Tables& tables,
                                      const std::optional<Fadt>& fadt,
                                      std::vector<absl::Status>& problems) {
  if (fadt.has_value() && fadt->dsdt_address != 0) {
    absl::StatusOr<Table> dsdt = Table::Read(memory, fadt->dsdt_address);
    if (!dsdt.ok()) {
      problems.push_back(dsdt.status());
    } else if (auto type = FindS5(dsdt->fields().From(Table::kHeaderBytes))) {
      return type;
    }
  }
  for (const Table& table : tables.tables) {
    if (table.signature() != "SSDT") continue;
    if (auto type = FindS5(table.fields().From(Table::kHeaderBytes))) {
      return type;
    }
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<Machine> ReadMachine(PhysicalMemory& memory,
                                    uint64_t rsdp_address) {
  absl::StatusOr<Tables> tables = ReadTables(memory, rsdp_address);
  if (!tables.ok()) return tables.status();
  Machine machine;
  std::vector<absl::Status>& problems = machine.problems;
  problems = std::move(tables->problems);
  machine.madt = ReadIfPresent(*tables, "APIC", ReadMadt, problems);
  machine.fadt = ReadIfPresent(*tables, "FACP", ReadFadt, problems);
  machine.hpet = ReadIfPresent(*tables, "HPET", ReadHpet, problems);
  machine.numa = ReadIfPresent(*tables, "SRAT", ReadSrat, problems);
  // An SRAT that places nothing says as much as none.
  if (machine.numa.has_value() && machine.numa->node_count() == 0) {
    machine.numa.reset();
  }
  const Table* slit = tables->Find("SLIT");
  if (machine.numa.has_value() && slit != nullptr) {
    absl::Status status = ReadSlit(*slit, *machine.numa);
    if (!status.ok()) problems.push_back(status);
  }
  machine.ecam = ReadIfPresent(*tables, "MCFG", ReadMcfg, problems)
                     .value_or(std::vector<EcamRange>());
  machine.power_off = FindPowerOff(memory, *tables, machine.fadt, problems);
  return machine;
}

}  // namespace ebbrt::platform::acpi
