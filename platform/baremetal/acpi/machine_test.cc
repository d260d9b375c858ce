#include "platform/baremetal/acpi/machine.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/testing/seed.h"
#include "gtest/gtest.h"
#include "platform/baremetal/acpi/acpi_dump.h"
#include "platform/baremetal/acpi/machine_exercise.h"
#include "platform/baremetal/acpi/table_builder.h"
#include "platform/baremetal/acpi/tables.h"

namespace ebbrt::platform::acpi {
namespace {

using testing::Bytes;
using testing::FakeFirmware;
using testing::FakeMemory;
using testing::TableBuilder;

constexpr const char* kDumps[] = {"q35.acpidump", "q35-uefi.acpidump",
                                  "pc.acpidump", "microvm.acpidump"};

Machine ReadDump(const std::string& name) {
  FakeMemory memory;
  uint64_t rsdp = testing::PutDump(name, memory);
  absl::StatusOr<Machine> machine = ReadMachine(memory, rsdp);
  EXPECT_TRUE(machine.ok()) << machine.status();
  for (const absl::Status& problem : machine->problems) {
    ADD_FAILURE() << problem;
  }
  testing::CheckMachine(*machine);
  return *machine;
}

uint32_t EnabledProcessors(const Machine& machine) {
  uint32_t count = 0;
  for (const auto& processor : machine.madt->processors) {
    EXPECT_EQ(processor.apic_id, count);
    count += processor.enabled;
  }
  return count;
}

TEST(Dump, OfQ35) {
  Machine machine = ReadDump("q35.acpidump");
  EXPECT_EQ(EnabledProcessors(machine), 4u);
  EXPECT_TRUE(machine.madt->has_8259);
  EXPECT_EQ(machine.madt->local_apic_address, 0xfee00000u);
  ASSERT_EQ(machine.madt->io_apics.size(), 1u);
  EXPECT_EQ(machine.madt->io_apics[0].address, 0xfec00000u);
  EXPECT_EQ(machine.madt->IsaLine(0).gsi, 2u);
  EXPECT_EQ(machine.madt->IsaLine(4),
            (InterruptLine{4, Polarity::kActiveHigh, Trigger::kEdge}));
  EXPECT_EQ(machine.madt->SciLine(machine.fadt->sci_irq),
            (InterruptLine{9, Polarity::kActiveHigh, Trigger::kLevel}));

  EXPECT_EQ(machine.fadt->pm_timer->address,
            (GenericAddress{AddressSpace::kPort, 0x608}));
  EXPECT_EQ(machine.fadt->pm1a_control->address, 0x604u);
  EXPECT_EQ(machine.fadt->acpi_enable->port, 0xb2);
  EXPECT_EQ(machine.fadt->reset,
            (RegisterWrite{{AddressSpace::kPort, 0xcf9}, 1, 0, 0xf}));
  EXPECT_TRUE(machine.fadt->has_8042);
  EXPECT_TRUE(machine.fadt->has_fixed_power_button);
  EXPECT_EQ(machine.fadt->century_register, 0x32);
  EXPECT_EQ(machine.power_off, (SleepType{0, 0}));

  EXPECT_EQ(machine.hpet->address, 0xfed00000u);
  EXPECT_EQ(machine.hpet->comparators, 3u);
  ASSERT_EQ(machine.ecam.size(), 1u);
  EXPECT_EQ(machine.ecam[0].address(), 0xb0000000u);
  EXPECT_EQ(machine.ecam[0].bytes(), 256 * kEcamBusBytes);

  ASSERT_EQ(machine.numa->node_count(), 2u);
  EXPECT_EQ(machine.numa->Distance(0, 1), 31);
  for (uint32_t core = 0; core < 4; ++core) {
    EXPECT_EQ(machine.numa->NodeOfProcessor(core), core / 2);
  }
  EXPECT_EQ(machine.numa->NodeOfAddress(0), 0u);
  EXPECT_EQ(machine.numa->NodeOfAddress(128 * kMiB - 1), 0u);
  EXPECT_EQ(machine.numa->NodeOfAddress(128 * kMiB), 1u);
  EXPECT_EQ(machine.numa->NodeOfAddress(256 * kMiB), std::nullopt);
}

TEST(Dump, OfQ35OnUefi) {
  Machine machine = ReadDump("q35-uefi.acpidump");
  EXPECT_EQ(EnabledProcessors(machine), 2u);
  EXPECT_EQ(machine.fadt->pm_timer->address.address, 0x608u);
  EXPECT_EQ(machine.power_off, (SleepType{0, 0}));
  EXPECT_EQ(machine.hpet->address, 0xfed00000u);
  EXPECT_EQ(machine.ecam.size(), 1u);
  EXPECT_FALSE(machine.numa.has_value());
}

TEST(Dump, OfPc) {
  Machine machine = ReadDump("pc.acpidump");
  EXPECT_EQ(EnabledProcessors(machine), 2u);
  EXPECT_EQ(machine.madt->processors.size(), 3u);
  EXPECT_EQ(machine.fadt->pm_timer->address.address, 0x608u);
  EXPECT_FALSE(machine.fadt->reset.has_value());
  EXPECT_TRUE(machine.fadt->has_8042);
  EXPECT_EQ(machine.power_off, (SleepType{0, 0}));
  EXPECT_TRUE(machine.hpet.has_value());
  EXPECT_TRUE(machine.ecam.empty());
}

TEST(Dump, OfMicrovm) {
  Machine machine = ReadDump("microvm.acpidump");
  EXPECT_EQ(EnabledProcessors(machine), 2u);
  EXPECT_TRUE(machine.fadt->hardware_reduced);
  EXPECT_FALSE(machine.fadt->has_8042);
  EXPECT_FALSE(machine.fadt->pm_timer.has_value());
  EXPECT_FALSE(machine.hpet.has_value());
  ASSERT_TRUE(machine.power_off.has_value());
  EXPECT_EQ(*machine.power_off, (SleepType{5, 0}));
  EXPECT_EQ(PowerOffWrites(*machine.fadt, *machine.power_off),
            (std::vector<RegisterWrite>{
                {{AddressSpace::kMemory, 0xfea00200}, 1, 0, 0x34}}));
  EXPECT_EQ(machine.fadt->reset->value, 0x42u);
}

TEST(Machine, IsEmptyWhereThereIsNoTable) {
  FakeMemory memory;
  FakeFirmware firmware(memory);
  EXPECT_FALSE(ReadMachine(memory, 0x1000).ok());
  absl::StatusOr<Machine> machine = ReadMachine(memory, firmware.Finish());
  ASSERT_TRUE(machine.ok());
  EXPECT_FALSE(machine->madt || machine->fadt || machine->hpet ||
               machine->numa || machine->power_off);
  EXPECT_TRUE(machine->ecam.empty());
  EXPECT_TRUE(machine->problems.empty());
}

TEST(Machine, DoesWithoutBrokenTables) {
  FakeMemory memory;
  FakeFirmware firmware(memory);
  for (const char* signature : {"APIC", "FACP", "HPET", "SRAT", "MCFG"}) {
    firmware.PutAndList(TableBuilder(signature).Build());
  }
  TableBuilder ssdt("SSDT");
  firmware.PutAndList(
      ssdt.AddText({"\x08_S5_\x12\x04\x02\x01\x00", 10}).Build());
  absl::StatusOr<Machine> machine = ReadMachine(memory, firmware.Finish());
  ASSERT_TRUE(machine.ok());
  EXPECT_EQ(machine->problems.size(), 5u);
  EXPECT_EQ(machine->power_off, (SleepType{1, 0}));
}

TEST(Machine, NamesADsdtThatIsBroken) {
  FakeMemory memory;
  FakeFirmware firmware(memory);
  TableBuilder fadt("FACP");
  firmware.PutAndList(
      fadt.AddZeros(80).Set(40, uint32_t{0xdead0000}).Build());
  absl::StatusOr<Machine> machine = ReadMachine(memory, firmware.Finish());
  ASSERT_EQ(machine->problems.size(), 1u);
  EXPECT_EQ(machine->problems[0].message(),
            "ACPI table at 0xdead0000: its header is not memory");
}

// Changes a few bytes anywhere; small values are as likely as any, because
// lengths and types are small.
void Mutate(FakeMemory& memory, Random& random) {
  for (uint64_t i = random.Between(1, 8); i > 0; --i) {
    auto region = memory.regions().begin();
    std::advance(region, random.Below(memory.regions().size()));
    Bytes& bytes = region->second;
    if (random.Chance(0.1)) {
      bytes.resize(random.Below(bytes.size() + 1));
      continue;
    }
    if (bytes.empty()) continue;
    uint64_t value = random.Chance(0.5) ? random.Below(20) : random();
    // Headers and first entries are where it matters.
    uint64_t places = random.Chance(0.5) ? bytes.size()
                                         : std::min<size_t>(bytes.size(), 64);
    bytes[random.Below(places)] = std::byte(value & 0xff);
  }
}

TEST(Machine, SurvivesMutatedTables) {
  Random random(ebbrt::testing::Seed());
  uint32_t roots = 0, problems = 0, whole = 0;
  for (const char* dump : kDumps) {
    FakeMemory original;
    uint64_t rsdp = testing::PutDump(dump, original);
    for (int i = 0; i < 500; ++i) {
      FakeMemory memory;
      memory.regions() = original.regions();
      Mutate(memory, random);
      if (random.Chance(0.9)) testing::FixChecksums(memory);
      absl::StatusOr<Machine> machine = ReadMachine(memory, rsdp);
      if (!machine.ok()) continue;
      ++roots;
      problems += !machine->problems.empty();
      whole += machine->problems.empty();
      testing::CheckMachine(*machine);
    }
  }
  // The mutations are neither all too much nor all without effect.
  EXPECT_GT(roots, 200u);
  EXPECT_GT(problems, 100u);
  EXPECT_GT(whole, 100u);
}

TEST(Machine, SurvivesArbitraryTables) {
  Random random(ebbrt::testing::Seed());
  for (int i = 0; i < 2000; ++i) {
    std::vector<uint8_t> choices(random.Below(600));
    for (uint8_t& choice : choices) {
      choice = static_cast<uint8_t>(random.Chance(0.7) ? random.Below(24)
                                                       : random());
    }
    testing::ExerciseMachine(choices);
  }
}

}  // namespace
}  // namespace ebbrt::platform::acpi
