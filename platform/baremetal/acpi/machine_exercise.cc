#include "platform/baremetal/acpi/machine_exercise.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <set>
#include <string_view>

#include "core/base/check.h"

namespace ebbrt::platform::acpi::testing {
namespace {

constexpr std::string_view kSignatures[] = {"APIC", "SRAT", "SLIT", "FACP",
                                            "HPET", "MCFG", "SSDT", "XXXX"};

void CheckNuma(const Numa& numa) {
  EBBRT_CHECK(numa.node_count() >= 1 && numa.node_count() <= kNumaNodesMax);
  EBBRT_CHECK(std::is_sorted(numa.domains.begin(), numa.domains.end()));
  for (const Numa::Processor& entry : numa.processors) {
    EBBRT_CHECK(entry.node < numa.node_count());
    EBBRT_CHECK(numa.NodeOfProcessor(entry.apic_id) == entry.node);
  }
  for (const Numa::Memory& entry : numa.memory) {
    EBBRT_CHECK(entry.node < numa.node_count());
    EBBRT_CHECK(entry.base + entry.bytes > entry.base);
    EBBRT_CHECK(numa.NodeOfAddress(entry.base).has_value());
  }
  for (uint32_t from = 0; from < numa.node_count(); ++from) {
    for (uint32_t to = 0; to < numa.node_count(); ++to) {
      EBBRT_CHECK((numa.Distance(from, to) == kDistanceLocal) == (from == to));
    }
  }
}

void CheckMadt(const Madt& madt) {
  std::set<uint32_t> ids;
  for (const Madt::Processor& processor : madt.processors) {
    EBBRT_CHECK(ids.insert(processor.apic_id).second);
    EBBRT_CHECK(!processor.enabled || !processor.online_capable);
  }
  EBBRT_CHECK(ids.size() <= kProcessorsMax);
  for (uint8_t irq = 0; irq < kIsaInterrupts; ++irq) {
    InterruptLine line = madt.IsaLine(irq);
    EBBRT_CHECK(line.polarity != Polarity::kOfBus);
    EBBRT_CHECK(line.trigger != Trigger::kOfBus);
  }
}

}  // namespace

void FixChecksums(FakeMemory& memory) {
  for (auto& [address, bytes] : memory.regions()) {
    if (bytes.size() < 20) continue;
    if (std::memcmp(bytes.data(), "RSD PTR ", 8) == 0) {
      FixChecksum(std::span(bytes).first(20), 8);
      if (bytes.size() >= 36) FixChecksum(bytes, 32);
      continue;
    }
    size_t length = 0;
    for (size_t i = 4; i-- > 0;) {
      length = length << 8 | std::to_integer<size_t>(bytes[4 + i]);
    }
    FixChecksum(std::span(bytes).first(std::clamp<size_t>(
                    length, 20, bytes.size())), 9);
  }
}

void CheckMachine(const Machine& machine) {
  if (machine.madt.has_value()) CheckMadt(*machine.madt);
  if (machine.numa.has_value()) CheckNuma(*machine.numa);
  for (const EcamRange& range : machine.ecam) {
    EBBRT_CHECK(range.address() + range.bytes() > range.address());
  }
  if (machine.power_off.has_value()) {
    EBBRT_CHECK(machine.power_off->a <= 7 && machine.power_off->b <= 7);
    if (machine.fadt.has_value()) {
      EBBRT_CHECK(PowerOffWrites(*machine.fadt, *machine.power_off).size() <=
                  4);
    }
  }
  for (const absl::Status& problem : machine.problems) {
    EBBRT_CHECK(!problem.ok() && !problem.message().empty());
  }
}

void ExerciseMachine(std::span<const uint8_t> choices) {
  FakeMemory memory;
  FakeFirmware firmware(memory);
  uint64_t dsdt = 0;
  // Each table is its kind, its length, and that many bytes.
  while (choices.size() >= 3) {
    uint8_t kind = choices[0];
    size_t bytes = choices[1] | size_t{choices[2]} << 8;
    choices = choices.subspan(3);
    bytes = std::min(bytes, choices.size());
    std::string_view signature = kSignatures[kind % std::size(kSignatures)];
    TableBuilder builder(signature, kind >> 4);
    for (uint8_t byte : choices.first(bytes)) builder.Add8(byte);
    choices = choices.subspan(bytes);
    // A FADT leads to the last table of AML before it.
    if (signature == "FACP" && builder.size() >= 44) {
      builder.Set(40, static_cast<uint32_t>(dsdt));
    }
    uint64_t address = firmware.PutAndList(builder.Build());
    if (signature == "SSDT") dsdt = address;
  }
  absl::StatusOr<Machine> machine = ReadMachine(memory, firmware.Finish());
  EBBRT_CHECK(machine.ok());
  CheckMachine(*machine);
}

}  // namespace ebbrt::platform::acpi::testing
