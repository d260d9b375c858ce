#include "platform/baremetal/acpi/madt.h"

#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "platform/baremetal/acpi/table_builder.h"

namespace ebbrt::platform::acpi {
namespace {

using testing::FakeMemory;
using testing::TableBuilder;

TableBuilder Builder() {
  return TableBuilder("APIC", 4).Add32(0xfee00000).Add32(1);
}

void AddXApic(TableBuilder& builder, uint8_t uid, uint8_t id, uint32_t flags) {
  builder.Add8(0).Add8(8).Add8(uid).Add8(id).Add32(flags);
}

void AddX2Apic(TableBuilder& builder, uint32_t uid, uint32_t id,
               uint32_t flags) {
  builder.Add8(9).Add8(16).Add16(0).Add32(id).Add32(flags).Add32(uid);
}

void AddOverride(TableBuilder& builder, uint8_t bus, uint8_t irq, uint32_t gsi,
                 uint16_t flags) {
  builder.Add8(2).Add8(10).Add8(bus).Add8(irq).Add32(gsi).Add16(flags);
}

absl::StatusOr<Madt> Read(const TableBuilder& builder) {
  FakeMemory memory;
  memory.Put(0x1000, builder.Build());
  return ReadMadt(*Table::Read(memory, 0x1000));
}

// The ids of all processors, and how each may be used.
std::string Processors(const TableBuilder& builder) {
  absl::StatusOr<Madt> madt = Read(builder);
  if (!madt.ok()) return std::string(madt.status().message());
  std::string text;
  for (const Madt::Processor& processor : madt->processors) {
    text += std::to_string(processor.apic_id);
    text += processor.enabled ? "+ " : processor.online_capable ? "~ " : "- ";
  }
  return text;
}

TEST(Madt, HasProcessorsInOrder) {
  TableBuilder builder = Builder();
  AddXApic(builder, 1, 0, 1);
  AddXApic(builder, 2, 4, 1);
  AddXApic(builder, 3, 2, 0);
  AddXApic(builder, 4, 6, 2);
  AddX2Apic(builder, 5, 300, 1);
  EXPECT_EQ(Processors(builder), "0+ 4+ 2- 6~ 300+ ");
  absl::StatusOr<Madt> madt = Read(builder);
  EXPECT_EQ(madt->local_apic_address, 0xfee00000u);
  EXPECT_TRUE(madt->has_8259);
  EXPECT_EQ(madt->processors[1].uid, 2u);
  EXPECT_EQ(madt->processors[4].uid, 5u);
}

TEST(Madt, CountsAProcessorOnce) {
  TableBuilder builder = Builder();
  AddXApic(builder, 1, 0, 1);
  AddXApic(builder, 2, 1, 0);
  AddXApic(builder, 3, 2, 0);
  AddX2Apic(builder, 1, 0, 1);
  AddX2Apic(builder, 2, 1, 1);  // Enabled in one of its two entries.
  AddX2Apic(builder, 3, 2, 2);
  AddXApic(builder, 1, 0, 0);
  EXPECT_EQ(Processors(builder), "0+ 1+ 2~ ");
}

TEST(Madt, LeavesOutWhatAddressesAllProcessors) {
  TableBuilder builder = Builder();
  AddXApic(builder, 1, 255, 1);
  AddX2Apic(builder, 2, 0xffffffff, 1);
  AddX2Apic(builder, 3, 255, 1);
  EXPECT_EQ(Processors(builder), "255+ ");
}

TEST(Madt, HasManyProcessors) {
  TableBuilder builder = Builder();
  for (uint32_t i = 0; i < 255; ++i) {
    AddXApic(builder, static_cast<uint8_t>(i), static_cast<uint8_t>(i), 1);
  }
  for (uint32_t i = 0; i < 300; ++i) AddX2Apic(builder, i, i, 1);
  absl::StatusOr<Madt> madt = Read(builder);
  ASSERT_TRUE(madt.ok()) << madt.status();
  EXPECT_EQ(madt->processors.size(), 300u);

  for (uint32_t i = 300; i < kProcessorsMax; ++i) AddX2Apic(builder, i, i, 1);
  EXPECT_EQ(Read(builder)->processors.size(), kProcessorsMax);
  AddX2Apic(builder, 0, 7, 1);  // Known already.
  EXPECT_TRUE(Read(builder).ok());
  AddX2Apic(builder, 0, kProcessorsMax, 1);
  EXPECT_FALSE(Read(builder).ok());
}

TEST(Madt, HasIoApicsAndAnAddressOverride) {
  TableBuilder builder = Builder();
  builder.Add8(1).Add8(12).Add8(7).Add8(0).Add32(0xfec00000).Add32(0);
  builder.Add8(1).Add8(12).Add8(8).Add8(0).Add32(0xfec01000).Add32(24);
  builder.Add8(5).Add8(12).Add16(0).Add64(0x1'fee00000);
  absl::StatusOr<Madt> madt = Read(builder);
  ASSERT_TRUE(madt.ok()) << madt.status();
  ASSERT_EQ(madt->io_apics.size(), 2u);
  EXPECT_EQ(madt->io_apics[1].id, 8);
  EXPECT_EQ(madt->io_apics[1].address, 0xfec01000u);
  EXPECT_EQ(madt->io_apics[1].gsi_base, 24u);
  EXPECT_EQ(madt->local_apic_address, 0x1'fee00000u);

  for (size_t i = 2; i <= kIoApicsMax; ++i) {
    builder.Add8(1).Add8(12).AddZeros(10);
  }
  EXPECT_FALSE(Read(builder).ok());
}

TEST(Madt, ResolvesInterruptsOfIsa) {
  TableBuilder builder = Builder();
  AddOverride(builder, 0, 0, 2, 0);
  AddOverride(builder, 0, 9, 20, 0xf);
  AddOverride(builder, 0, 9, 21, 0);  // The first counts.
  AddOverride(builder, 0, 10, 10, 0x5);
  AddOverride(builder, 1, 4, 44, 0);  // Of no ISA bus.
  AddOverride(builder, 0, 16, 45, 0);
  absl::StatusOr<Madt> madt = Read(builder);
  ASSERT_TRUE(madt.ok()) << madt.status();
  EXPECT_EQ(madt->overrides.size(), 3u);
  EXPECT_EQ(madt->IsaLine(0),
            (InterruptLine{2, Polarity::kActiveHigh, Trigger::kEdge}));
  EXPECT_EQ(madt->IsaLine(4),
            (InterruptLine{4, Polarity::kActiveHigh, Trigger::kEdge}));
  EXPECT_EQ(madt->SciLine(9),
            (InterruptLine{20, Polarity::kActiveLow, Trigger::kLevel}));
  EXPECT_EQ(madt->SciLine(10),
            (InterruptLine{10, Polarity::kActiveHigh, Trigger::kEdge}));
  EXPECT_EQ(madt->SciLine(11),
            (InterruptLine{11, Polarity::kActiveLow, Trigger::kLevel}));
  EXPECT_EQ(madt->SciLine(256).gsi, 256u);
}

TEST(Madt, SkipsWhatItDoesNotKnow) {
  TableBuilder builder = Builder();
  builder.Add8(4).Add8(6).AddZeros(4);     // NMI source.
  builder.Add8(0x7f).Add8(2);              // Nothing but a header.
  builder.Add8(0x80).Add8(255).AddZeros(253);
  AddXApic(builder, 0, 3, 1);
  builder.Add8(0);  // Padding.
  EXPECT_EQ(Processors(builder), "3+ ");
}

TEST(Madt, RefusesBrokenEntries) {
  TableBuilder good = Builder();
  AddXApic(good, 0, 0, 1);
  for (uint8_t bytes : {0, 1}) {
    TableBuilder builder = good;
    builder.Add8(0).Add8(bytes).AddZeros(20);
    EXPECT_EQ(Processors(builder),
              "ACPI table APIC at 0x1000, offset 52: an entry of " +
                  std::to_string(bytes) + " bytes");
  }
  TableBuilder beyond = good;
  beyond.Add8(0x7f).Add8(3);
  EXPECT_EQ(Processors(beyond),
            "ACPI table APIC at 0x1000, offset 52: an entry of 3 bytes ends "
            "beyond the table");
  // One byte less than each type has.
  for (auto [type, bytes] : {std::pair<uint8_t, uint8_t>{0, 8},
                             {1, 12}, {2, 10}, {5, 12}, {9, 16}}) {
    TableBuilder builder = good;
    builder.Add8(type).Add8(bytes - 1).AddZeros(bytes - 3);
    EXPECT_EQ(Processors(builder),
              "ACPI table APIC at 0x1000, offset 52: an entry of type " +
                  std::to_string(type) + " has " + std::to_string(bytes - 1) +
                  " bytes, fewer than " + std::to_string(bytes));
  }
  EXPECT_FALSE(Read(TableBuilder("APIC").AddZeros(7)).ok());
  EXPECT_EQ(Processors(Builder()), "");
}

}  // namespace
}  // namespace ebbrt::platform::acpi
