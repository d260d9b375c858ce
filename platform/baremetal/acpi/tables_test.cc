#include "platform/baremetal/acpi/tables.h"

#include <algorithm>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "platform/baremetal/acpi/table_builder.h"

namespace ebbrt::platform::acpi {
namespace {

using testing::Bytes;
using testing::FakeFirmware;
using testing::FakeMemory;
using testing::TableBuilder;

constexpr uint64_t kAddress = 0x123457;

// Why a table at kAddress is refused; empty if it is not.
std::string Refusal(Bytes bytes) {
  FakeMemory memory;
  memory.Put(kAddress, std::move(bytes));
  return std::string(Table::Read(memory, kAddress).status().message());
}

TEST(Table, HasWhatItsHeaderSays) {
  FakeMemory memory;
  memory.Put(kAddress, TableBuilder("HPET", 3).Add32(0xdeadbeef).Build());
  absl::StatusOr<Table> table = Table::Read(memory, kAddress);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->signature(), "HPET");
  EXPECT_EQ(table->revision(), 3);
  EXPECT_EQ(table->address(), kAddress);
  EXPECT_EQ(table->fields().size(), 40u);
  EXPECT_EQ(table->fields().Get<uint32_t>(36), 0xdeadbeef);
}

TEST(Table, IsRefusedWithItsNameAndTheOffset) {
  Bytes broken = TableBuilder("APIC").AddZeros(8).Build();
  broken[40] ^= std::byte{1};
  EXPECT_EQ(Refusal(broken),
            "ACPI table APIC at 0x123457, offset 9: the checksum is wrong");
  EXPECT_EQ(Refusal(TableBuilder("APIC").AddZeros(8).BuildWithLength(45)),
            "ACPI table APIC at 0x123457, offset 4: not all of its 45 bytes "
            "are memory");
  for (uint32_t bytes : {0u, 35u, 0xffffffffu}) {
    EXPECT_EQ(Refusal(TableBuilder("\1\x7f\"x").BuildWithLength(bytes)),
              "ACPI table \\x01\\x7f\\\"x at 0x123457, offset 4: a length of " +
                  std::to_string(bytes) + " bytes");
  }
  EXPECT_EQ(Refusal(Bytes(35)),
            "ACPI table at 0x123457: its header is not memory");
}

TEST(Fields, ReadAsZeroBeyondTheEnd) {
  static constexpr std::byte kBytes[] = {std::byte{1}, std::byte{2},
                                         std::byte{3}};
  constexpr Fields kFields{kBytes};
  static_assert(kFields.Get<uint16_t>(1) == 0x302);
  EXPECT_EQ(kFields.Get<uint8_t>(2), 3);
  EXPECT_EQ(kFields.Get<uint16_t>(2), 0);
  EXPECT_EQ(kFields.Get<uint32_t>(0), 0u);
  EXPECT_EQ(kFields.Get<uint8_t>(~size_t{0}), 0);
  EXPECT_EQ(kFields.Part(1, 2).size(), 2u);
  EXPECT_TRUE(kFields.Part(1, 3).empty());
  EXPECT_TRUE(kFields.Part(2, ~size_t{0}).empty());
  EXPECT_TRUE(kFields.From(3).empty());
  EXPECT_EQ(kFields.From(1).size(), 2u);
}

class Root : public ::testing::Test {
 protected:
  Root() : firmware(memory) {}

  FakeMemory memory;
  FakeFirmware firmware;
};

TEST_F(Root, OfRevision0ListsByTheRsdt) {
  firmware.PutAndList(TableBuilder("APIC").Build());
  firmware.List(0);
  uint64_t second = firmware.PutAndList(TableBuilder("HPET").Build());
  absl::StatusOr<Tables> tables = ReadTables(memory, firmware.Finish(0));
  ASSERT_TRUE(tables.ok()) << tables.status();
  EXPECT_TRUE(tables->problems.empty());
  ASSERT_EQ(tables->tables.size(), 2u);
  EXPECT_EQ(tables->Find("HPET")->address(), second);
  EXPECT_EQ(tables->Find("MCFG"), nullptr);
}

TEST_F(Root, OfRevision2ListsByTheXsdt) {
  // An address that the RSDT has no room for.
  memory.Put(0x9'0000'0000, TableBuilder("APIC").Build());
  firmware.List(0x9'0000'0000);
  absl::StatusOr<Tables> tables = ReadTables(memory, firmware.Finish(2));
  ASSERT_TRUE(tables.ok()) << tables.status();
  EXPECT_TRUE(tables->problems.empty());
  EXPECT_EQ(tables->Find("APIC")->address(), 0x9'0000'0000u);
}

TEST_F(Root, FallsBackToTheRsdt) {
  firmware.PutAndList(TableBuilder("APIC").Build());
  uint64_t rsdt = firmware.Put(firmware.Rsdt());
  Bytes broken_xsdt = firmware.Xsdt();
  broken_xsdt[9] ^= std::byte{1};
  Bytes bad_checksum = FakeFirmware::Rsdp(2, rsdt, firmware.Put(broken_xsdt));
  bad_checksum[32] ^= std::byte{1};
  Bytes bad_length = FakeFirmware::Rsdp(2, rsdt, 0);
  bad_length[20] = std::byte{35};
  for (const Bytes& rsdp :
       {FakeFirmware::Rsdp(2, rsdt, firmware.Put(broken_xsdt)),
        FakeFirmware::Rsdp(2, rsdt, rsdt), FakeFirmware::Rsdp(2, rsdt, 1),
        bad_checksum, bad_length}) {
    memory.Put(0x1000, rsdp);
    absl::StatusOr<Tables> tables = ReadTables(memory, 0x1000);
    ASSERT_TRUE(tables.ok()) << tables.status();
    EXPECT_NE(tables->Find("APIC"), nullptr);
    EXPECT_EQ(tables->problems.size(), 1u);
  }
  // No XSDT at all is no problem.
  memory.Put(0x1000, FakeFirmware::Rsdp(2, rsdt, 0));
  EXPECT_TRUE(ReadTables(memory, 0x1000)->problems.empty());
}

TEST_F(Root, IsRefusedIfThereIsNoOther) {
  EXPECT_FALSE(ReadTables(memory, 0x1000).ok());
  memory.Put(0x1000, Bytes(36));
  EXPECT_FALSE(ReadTables(memory, 0x1000).ok());
  memory.Put(0x1000, FakeFirmware::Rsdp(2, 0, 0));
  EXPECT_FALSE(ReadTables(memory, 0x1000).ok());
  memory.Put(0x1000, FakeFirmware::Rsdp(0, 0x2000, 0));
  EXPECT_FALSE(ReadTables(memory, 0x1000).ok());
}

TEST_F(Root, LeavesBrokenTablesOut) {
  firmware.PutAndList(TableBuilder("APIC").BuildWithLength(1));
  firmware.List(0xdead0000);
  firmware.PutAndList(TableBuilder("HPET").Build());
  absl::StatusOr<Tables> tables = ReadTables(memory, firmware.Finish());
  ASSERT_TRUE(tables.ok());
  EXPECT_EQ(tables->problems.size(), 2u);
  EXPECT_EQ(tables->tables.size(), 1u);
}

TEST_F(Root, ListsABoundedNumberOfTables) {
  uint64_t table = firmware.Put(TableBuilder("SSDT").Build());
  for (size_t i = 0; i < kTablesMax + 10; ++i) firmware.List(table);
  absl::StatusOr<Tables> tables = ReadTables(memory, firmware.Finish());
  ASSERT_TRUE(tables.ok());
  EXPECT_EQ(tables->tables.size(), kTablesMax);
  EXPECT_EQ(tables->problems.size(), 1u);
}

TEST_F(Root, ListsABoundedNumberOfBytes) {
  uint64_t table = firmware.Put(
      TableBuilder("SSDT").AddZeros(Table::kBytesMax - 36).Build());
  for (size_t i = 0; i < kTablesMax; ++i) firmware.List(table);
  absl::StatusOr<Tables> tables = ReadTables(memory, firmware.Finish());
  ASSERT_TRUE(tables.ok());
  EXPECT_LE(tables->tables.size(), kTablesBytesMax / Table::kBytesMax + 1);
  EXPECT_EQ(tables->problems.size(), 1u);
}

TEST(FindRsdp, LooksWhereBiosesPutIt) {
  Bytes rsdp = FakeFirmware::Rsdp(0, 0x1000, 0);
  Bytes bios(0x20000);
  {
    FakeMemory memory;
    EXPECT_EQ(FindRsdp(memory), std::nullopt);
    memory.Put(0xe0000, bios);
    EXPECT_EQ(FindRsdp(memory), std::nullopt);
  }
  // Unaligned, and with a wrong checksum, it is none; the last place is one.
  std::copy(rsdp.begin(), rsdp.end(), bios.begin() + 0x109);
  std::copy(rsdp.begin(), rsdp.end() - 1, bios.begin() + 0x200);
  bios[0x213] = std::byte{1};
  std::copy(rsdp.begin(), rsdp.end(), bios.begin() + 0x1ffe0);
  FakeMemory memory;
  memory.Put(0xe0000, bios);
  EXPECT_EQ(FindRsdp(memory), 0xfffe0u);
  // The extended BIOS data area comes first.
  memory.Put(0x400, Bytes(0x100));
  EXPECT_EQ(FindRsdp(memory), 0xfffe0u);
  memory.regions()[0x400][0xf] = std::byte{0x9f};
  EXPECT_EQ(FindRsdp(memory), 0xfffe0u);
  Bytes ebda(0x400);
  std::copy(rsdp.begin(), rsdp.end(), ebda.begin() + 0x10);
  memory.Put(0x9f000, ebda);
  EXPECT_EQ(FindRsdp(memory), 0x9f010u);
}

TEST(FindRsdp, PrefersTheHighestRevision) {
  Bytes range(0x1000);
  size_t offset = 0x100;
  for (uint8_t revision : {0, 2, 1}) {
    Bytes rsdp = FakeFirmware::Rsdp(revision, 0x1000, 0);
    std::copy(rsdp.begin(), rsdp.end(), range.begin() + offset);
    offset += rsdp.size();
  }
  FakeMemory memory;
  memory.Put(0x7000'0000, range);
  EXPECT_EQ(FindRsdpIn(memory, 0x7000'0000, range.size()), 0x7000'0114u);
  EXPECT_EQ(FindRsdpIn(memory, 0x7000'0000, 0), std::nullopt);
  EXPECT_EQ(FindRsdpIn(memory, 0x7000'0000, 0x1001), std::nullopt);
}

}  // namespace
}  // namespace ebbrt::platform::acpi
