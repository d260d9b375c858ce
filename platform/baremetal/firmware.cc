#include "platform/baremetal/firmware.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "platform/baremetal/acpi/power_off.h"
#include "platform/baremetal/acpi/tables.h"
#include "platform/baremetal/boot/start.h"
#include "platform/baremetal/cpu/instructions.h"
#include "platform/baremetal/libc/files.h"
#include "platform/baremetal/memory/address_space.h"
#include "platform/baremetal/power_off.h"

namespace ebbrt::platform::internal {
namespace {

class MappedMemory final : public acpi::PhysicalMemory {
 public:
  std::span<const std::byte> Map(uint64_t address, size_t bytes) override {
    if (!machine::address_space.MapTables(address, bytes)) return {};
    return {reinterpret_cast<const std::byte*>(address), bytes};
  }
};

// Never destroyed: the machine ends with it.
acpi::Machine& TheMachine() {
  static auto* machine = new acpi::Machine;
  return *machine;
}

std::optional<uint64_t> FindRoot(acpi::PhysicalMemory& memory) {
  const machine::BootInformation& boot = machine::Boot();
  if (boot.acpi_root != 0) return boot.acpi_root;
  if (auto root = acpi::FindRsdp(memory)) return root;
  for (size_t i = 0; i < boot.firmware_count; ++i) {
    const machine::MemoryRange& range = boot.firmware[i];
    if (auto root =
            acpi::FindRsdpIn(memory, range.begin, range.end - range.begin)) {
      return root;
    }
  }
  return std::nullopt;
}

// In ACPI mode the chipset's registers do what the tables say.
void AddAcpiMode(const acpi::Fadt& fadt,
                 std::vector<machine::RegisterWrite>& steps) {
  if (!fadt.acpi_enable || !fadt.pm1a_control ||
      fadt.pm1a_control->space != acpi::AddressSpace::kPort) {
    return;
  }
  const auto port = static_cast<uint16_t>(fadt.pm1a_control->address);
  if ((machine::In16(port) & acpi::kPm1SciEnabled) != 0) return;
  steps.push_back({.is_port = true,
                   .bytes = 1,
                   .address = fadt.acpi_enable->port,
                   .keep_mask = 0,
                   .value = fadt.acpi_enable->value});
}

void SetPowerOff(const acpi::Machine& found) {
  if (!found.fadt || !found.power_off) return;
  std::vector<machine::RegisterWrite> steps;
  AddAcpiMode(*found.fadt, steps);
  for (const acpi::RegisterWrite& write :
       acpi::PowerOffWrites(*found.fadt, *found.power_off)) {
    const bool is_port = write.address.space == acpi::AddressSpace::kPort;
    if (!is_port && write.address.space != acpi::AddressSpace::kMemory) return;
    if (!is_port &&
        !machine::address_space.MapDevice(write.address.address, write.bytes)) {
      return;
    }
    steps.push_back({.is_port = is_port,
                     .bytes = write.bytes,
                     .address = write.address.address,
                     .keep_mask = write.keep_mask,
                     .value = write.value});
  }
  machine::SetPowerOff(steps.data(), steps.size());
}

void PlaceMemory(const acpi::Numa& numa) {
  for (const acpi::Numa::Memory& memory : numa.memory) {
    if (memory.node >= machine::kNumaNodesMax) continue;
    machine::frames.SetNode({memory.base, memory.base + memory.bytes},
                            memory.node);
  }
}

void Tell(const std::string& problem) {
  const std::string line = "firmware: " + problem + "\n";
  machine::WriteStandardOutput(line.data(), line.size());
}

}  // namespace

void ReadFirmware() {
  MappedMemory memory;
  const std::optional<uint64_t> root = FindRoot(memory);
  // Where the BIOS keeps its data is what null pointers point to.
  machine::address_space.UnmapFirstPage();
  if (!root) {
    Tell("found no ACPI tables");
    return;
  }
  auto found = acpi::ReadMachine(memory, *root);
  if (!found.ok()) {
    Tell(std::string(found.status().message()));
    return;
  }
  acpi::Machine& machine = TheMachine();
  machine = *std::move(found);
  for (const absl::Status& problem : machine.problems) {
    Tell(std::string(problem.message()));
  }
  SetPowerOff(machine);
  if (machine.numa) PlaceMemory(*machine.numa);
}

const acpi::Machine& Firmware() { return TheMachine(); }

}  // namespace ebbrt::platform::internal
