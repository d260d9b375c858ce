#include "platform/baremetal/acpi/fadt.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "platform/baremetal/acpi/hpet.h"
#include "platform/baremetal/acpi/mcfg.h"
#include "platform/baremetal/acpi/table_builder.h"

namespace ebbrt::platform::acpi {
namespace {

using testing::FakeMemory;
using testing::TableBuilder;

constexpr size_t kAcpi1Bytes = 116;
constexpr size_t kAcpi2Bytes = 244;
constexpr size_t kAcpi5Bytes = 268;

template <typename T>
absl::StatusOr<T> ReadBy(absl::StatusOr<T> (*read)(const Table&),
                         const TableBuilder& builder) {
  FakeMemory memory;
  memory.Put(0x1000, builder.Build());
  return read(*Table::Read(memory, 0x1000));
}

// With the registers that a PC of ACPI 1.0 has.
TableBuilder Builder(uint8_t revision, size_t bytes) {
  TableBuilder builder("FACP", revision);
  builder.AddZeros(bytes - builder.size());
  builder.Set(40, uint32_t{0x7fe0040}).Set(46, uint16_t{9});
  builder.Set(48, uint32_t{0xb2}).Set(52, uint8_t{0xf1});
  builder.Set(56, uint32_t{0x600}).Set(64, uint32_t{0x604});
  builder.Set(76, uint32_t{0x608}).Set(88, uint8_t{4}).Set(89, uint8_t{2});
  builder.Set(91, uint8_t{4}).Set(108, uint8_t{0x32});
  return builder;
}

void SetAddress(TableBuilder& builder, size_t offset, AddressSpace space,
                uint64_t address) {
  builder.Set(offset, static_cast<uint8_t>(space));
  builder.Set(offset + 4, address);
}

absl::StatusOr<Fadt> Read(const TableBuilder& builder) {
  return ReadBy(ReadFadt, builder);
}

TEST(Fadt, OfAcpi1HasPortsAndAllThatAPcHas) {
  absl::StatusOr<Fadt> fadt = Read(Builder(1, kAcpi1Bytes));
  ASSERT_TRUE(fadt.ok()) << fadt.status();
  EXPECT_EQ(fadt->dsdt_address, 0x7fe0040u);
  EXPECT_FALSE(fadt->hardware_reduced);
  EXPECT_EQ(fadt->sci_irq, 9);
  ASSERT_TRUE(fadt->acpi_enable.has_value());
  EXPECT_EQ(fadt->acpi_enable->port, 0xb2);
  EXPECT_EQ(fadt->acpi_enable->value, 0xf1);
  ASSERT_TRUE(fadt->pm_timer.has_value());
  EXPECT_EQ(fadt->pm_timer->address,
            (GenericAddress{AddressSpace::kPort, 0x608}));
  EXPECT_EQ(fadt->pm_timer->bits, 24u);
  ASSERT_TRUE(fadt->pm1a_event.has_value());
  EXPECT_EQ(fadt->pm1a_event->status.address, 0x600u);
  EXPECT_EQ(fadt->pm1a_event->enable.address, 0x602u);
  EXPECT_EQ(fadt->pm1a_control->address, 0x604u);
  EXPECT_FALSE(fadt->pm1b_event.has_value());
  EXPECT_FALSE(fadt->pm1b_control.has_value());
  EXPECT_TRUE(fadt->has_fixed_power_button);
  EXPECT_FALSE(fadt->reset.has_value());
  EXPECT_TRUE(fadt->has_8042 && fadt->has_vga && fadt->has_cmos_rtc &&
              fadt->has_msi);
  EXPECT_EQ(fadt->century_register, 0x32);
}

TEST(Fadt, OfLaterRevisionsHasFlags) {
  TableBuilder builder = Builder(3, kAcpi2Bytes);
  builder.Set(109, uint16_t{0x2c});
  builder.Set(112, uint32_t{1u << 4 | 1u << 8 | 1u << 10});
  SetAddress(builder, 116, AddressSpace::kPort, 0xcf9);
  builder.Set(128, uint8_t{0xf}).Set(140, uint64_t{0x1'00000000});
  absl::StatusOr<Fadt> fadt = Read(builder);
  ASSERT_TRUE(fadt.ok()) << fadt.status();
  EXPECT_EQ(fadt->dsdt_address, 0x1'00000000u);
  EXPECT_EQ(fadt->reset,
            (RegisterWrite{{AddressSpace::kPort, 0xcf9}, 1, 0, 0xf}));
  EXPECT_FALSE(fadt->has_8042 || fadt->has_vga || fadt->has_msi ||
               fadt->has_cmos_rtc);
  EXPECT_FALSE(fadt->has_fixed_power_button);
  EXPECT_EQ(fadt->pm_timer->bits, 32u);
  // The register is there, but the flag says that it does nothing.
  EXPECT_FALSE(Read(builder.Set(112, uint32_t{0}))->reset.has_value());
}

TEST(Fadt, PrefersExtendedAddresses) {
  TableBuilder builder = Builder(3, kAcpi2Bytes);
  SetAddress(builder, 208, AddressSpace::kMemory, 0xfed00008);
  SetAddress(builder, 148, AddressSpace::kPort, 0x1800);
  SetAddress(builder, 172, AddressSpace::kPort, 0x1804);
  SetAddress(builder, 184, AddressSpace::kPort, 0x1814);
  builder.Set(88, uint8_t{8});
  absl::StatusOr<Fadt> fadt = Read(builder);
  EXPECT_EQ(fadt->pm_timer->address,
            (GenericAddress{AddressSpace::kMemory, 0xfed00008}));
  EXPECT_EQ(fadt->pm1a_event->enable.address, 0x1804u);
  EXPECT_EQ(fadt->pm1a_control->address, 0x1804u);
  EXPECT_EQ(fadt->pm1b_control->address, 0x1814u);
}

TEST(Fadt, WithoutFixedHardwareHasASleepRegister) {
  TableBuilder builder = Builder(5, kAcpi5Bytes);
  builder.Set(112, uint32_t{1u << 20 | 1u << 10});
  SetAddress(builder, 116, AddressSpace::kMemory, 0xfea00202);
  SetAddress(builder, 244, AddressSpace::kMemory, 0xfea00200);
  absl::StatusOr<Fadt> fadt = Read(builder);
  EXPECT_TRUE(fadt->hardware_reduced);
  EXPECT_FALSE(fadt->pm_timer.has_value() || fadt->pm1a_event.has_value() ||
               fadt->pm1a_control.has_value() ||
               fadt->acpi_enable.has_value());
  EXPECT_FALSE(fadt->has_fixed_power_button);
  EXPECT_EQ(fadt->sleep_control->address, 0xfea00200u);
  EXPECT_EQ(fadt->reset->address.space, AddressSpace::kMemory);
}

TEST(Fadt, LeavesOutWhatNoAccessReaches) {
  TableBuilder builder = Builder(3, kAcpi2Bytes);
  builder.Set(112, uint32_t{1u << 10});
  for (auto [space, address] : {
           std::pair<uint8_t, uint64_t>{0, 0},
           {0, ~uint64_t{0}},
           {1, 0x10000},
           {2, uint64_t{32} << 32 | 0x44},
           {2, uint64_t{1} << 32 | 8 << 16 | 0x44},
           {2, uint64_t{1} << 32 | 0x100},
           {0x7f, 0x1000},
       }) {
    SetAddress(builder, 116, AddressSpace{space}, address);
    EXPECT_FALSE(Read(builder)->reset.has_value()) << address;
  }
  SetAddress(builder, 116, AddressSpace::kPciConfiguration,
             uint64_t{31} << 32 | 7 << 16 | 0xff);
  EXPECT_EQ(Read(builder)->reset->address.pci_device(), 31);
  EXPECT_EQ(Read(builder)->reset->address.pci_function(), 7);
  EXPECT_EQ(Read(builder)->reset->address.pci_offset(), 0xff);

  builder.Set(76, uint32_t{0xfffd}).Set(88, uint8_t{3});
  EXPECT_FALSE(Read(builder)->pm_timer.has_value());
  EXPECT_FALSE(Read(builder)->pm1a_event.has_value());
}

TEST(Fadt, IsRefusedIfShorterThanAcpi1) {
  EXPECT_FALSE(Read(TableBuilder("FACP").AddZeros(kAcpi1Bytes - 37)).ok());
}

TEST(Hpet, SaysWhereItIs) {
  TableBuilder builder("HPET");
  builder.Add32(0x8086a201).AddAddress(0, 0xfed00000);
  builder.Add8(0).Add16(0x80).Add8(0);
  absl::StatusOr<Hpet> hpet = ReadBy(ReadHpet, builder);
  ASSERT_TRUE(hpet.ok()) << hpet.status();
  EXPECT_EQ(hpet->address, 0xfed00000u);
  EXPECT_EQ(hpet->minimum_ticks, 0x80);
  EXPECT_EQ(hpet->comparators, 3u);
  EXPECT_TRUE(hpet->wide_counter);
  EXPECT_FALSE(ReadBy(ReadHpet, builder.Set(40, uint8_t{1})).ok());
  EXPECT_FALSE(
      ReadBy(ReadHpet, builder.Set(40, uint8_t{0}).Set(44, uint64_t{0})).ok());
  EXPECT_FALSE(ReadBy(ReadHpet, TableBuilder("HPET").AddZeros(19)).ok());
}

TableBuilder Mcfg(uint64_t address, uint8_t first, uint8_t last) {
  TableBuilder builder("MCFG");
  return builder.Add64(0).Add64(address).Add16(3).Add8(first).Add8(last).Add32(
      0);
}

TEST(Mcfg, HasRangesOfBuses) {
  TableBuilder builder = Mcfg(0xb0000000, 0x80, 0xff);
  builder.Add64(0x10'00000000).Add16(1).Add8(0).Add8(0).Add32(0);
  builder.AddZeros(15);  // No whole entry.
  absl::StatusOr<std::vector<EcamRange>> ranges = ReadBy(ReadMcfg, builder);
  ASSERT_TRUE(ranges.ok()) << ranges.status();
  ASSERT_EQ(ranges->size(), 2u);
  EXPECT_EQ((*ranges)[0].segment, 3);
  EXPECT_EQ((*ranges)[0].bus_first, 0x80);
  EXPECT_EQ((*ranges)[0].address(), 0xb8000000u);
  EXPECT_EQ((*ranges)[0].bytes(), 0x8000000u);
  EXPECT_EQ((*ranges)[1].address(), 0x10'00000000u);
  EXPECT_EQ((*ranges)[1].bytes(), kEcamBusBytes);
}

TEST(Mcfg, IsRefusedWhereItMakesNoSense) {
  EXPECT_FALSE(ReadBy(ReadMcfg, Mcfg(0xb0000000, 2, 1)).ok());
  EXPECT_FALSE(ReadBy(ReadMcfg, Mcfg(0, 0, 1)).ok());
  EXPECT_FALSE(ReadBy(ReadMcfg, Mcfg(~uint64_t{0xfffff}, 0, 255)).ok());
  EXPECT_FALSE(ReadBy(ReadMcfg, TableBuilder("MCFG").AddZeros(7)).ok());
  EXPECT_TRUE(ReadBy(ReadMcfg, TableBuilder("MCFG").AddZeros(8))->empty());
  TableBuilder many("MCFG");
  many.Add64(0);
  for (size_t i = 0; i <= kEcamRangesMax; ++i) many.Add64(1 << 20).Add64(0);
  EXPECT_FALSE(ReadBy(ReadMcfg, many).ok());
}

}  // namespace
}  // namespace ebbrt::platform::acpi
