#include "platform/baremetal/acpi/numa.h"

#include <initializer_list>
#include <vector>

#include "gtest/gtest.h"
#include "platform/baremetal/acpi/madt.h"
#include "platform/baremetal/acpi/table_builder.h"

namespace ebbrt::platform::acpi {
namespace {

using testing::FakeMemory;
using testing::TableBuilder;

TableBuilder Srat(uint8_t revision = 3) {
  return TableBuilder("SRAT", revision).Add32(1).Add64(0);
}

void AddProcessor(TableBuilder& builder, uint32_t domain, uint8_t apic_id,
                  uint32_t flags = 1) {
  builder.Add8(0).Add8(16).Add8(static_cast<uint8_t>(domain)).Add8(apic_id);
  builder.Add32(flags).Add8(0).Add8(static_cast<uint8_t>(domain >> 8));
  builder.Add16(static_cast<uint16_t>(domain >> 16)).Add32(0);
}

void AddX2Apic(TableBuilder& builder, uint32_t domain, uint32_t apic_id) {
  builder.Add8(2).Add8(24).Add16(0).Add32(domain).Add32(apic_id).Add32(1);
  builder.AddZeros(8);
}

void AddMemory(TableBuilder& builder, uint32_t domain, uint64_t base,
               uint64_t bytes, uint32_t flags = 1) {
  builder.Add8(1).Add8(40).Add32(domain).Add16(0).Add64(base).Add64(bytes);
  builder.Add32(0).Add32(flags).Add64(0);
}

Table Put(FakeMemory& memory, const TableBuilder& builder) {
  memory.Put(0x1000, builder.Build());
  return *Table::Read(memory, 0x1000);
}

absl::StatusOr<Numa> Read(const TableBuilder& builder) {
  FakeMemory memory;
  return ReadSrat(Put(memory, builder));
}

TableBuilder Slit(std::initializer_list<uint8_t> distances, uint64_t count) {
  TableBuilder builder("SLIT");
  builder.Add64(count);
  for (uint8_t distance : distances) builder.Add8(distance);
  return builder;
}

absl::Status ReadSlitInto(Numa& numa, const TableBuilder& builder) {
  FakeMemory memory;
  return ReadSlit(Put(memory, builder), numa);
}

TEST(Srat, NumbersDomainsDensely) {
  TableBuilder builder = Srat();
  AddProcessor(builder, 0x01020304, 1);
  AddProcessor(builder, 7, 0);
  AddX2Apic(builder, 9, 1000);
  AddMemory(builder, 7, 0x100000, 0x1000);
  AddMemory(builder, 3, 0x1'00000000, 0x2000, 3);
  absl::StatusOr<Numa> numa = Read(builder);
  ASSERT_TRUE(numa.ok()) << numa.status();
  EXPECT_EQ(numa->domains, (std::vector<uint32_t>{3, 7, 9, 0x01020304}));
  EXPECT_EQ(numa->node_count(), 4u);
  EXPECT_EQ(numa->NodeOfProcessor(1), 3u);
  EXPECT_EQ(numa->NodeOfProcessor(0), 1u);
  EXPECT_EQ(numa->NodeOfProcessor(1000), 2u);
  EXPECT_EQ(numa->NodeOfProcessor(5), std::nullopt);
  EXPECT_EQ(numa->NodeOfAddress(0xfffff), std::nullopt);
  EXPECT_EQ(numa->NodeOfAddress(0x100000), 1u);
  EXPECT_EQ(numa->NodeOfAddress(0x100fff), 1u);
  EXPECT_EQ(numa->NodeOfAddress(0x101000), std::nullopt);
  EXPECT_EQ(numa->NodeOfAddress(0x1'00001fff), 0u);
  ASSERT_EQ(numa->memory.size(), 2u);
  EXPECT_FALSE(numa->memory[0].hot_pluggable);
  EXPECT_TRUE(numa->memory[1].hot_pluggable);
}

TEST(Srat, LeavesOutWhatIsNotEnabledOrEmpty) {
  TableBuilder builder = Srat();
  AddProcessor(builder, 1, 1, 0);
  AddMemory(builder, 2, 0x1000, 0x1000, 2);
  AddMemory(builder, 3, 0x1000, 0, 1);
  builder.Add8(0x7f).Add8(2);
  AddProcessor(builder, 5, 1);
  AddProcessor(builder, 6, 1);  // Known already.
  absl::StatusOr<Numa> numa = Read(builder);
  ASSERT_TRUE(numa.ok()) << numa.status();
  EXPECT_EQ(numa->domains, std::vector<uint32_t>{5});
  EXPECT_TRUE(numa->memory.empty());
  EXPECT_EQ(Read(Srat())->node_count(), 0u);
}

TEST(Srat, HasDomainsOfAByteInItsFirstRevision) {
  TableBuilder builder = Srat(1);
  AddProcessor(builder, 0xabcdef01, 0);
  AddMemory(builder, 0xabcdef02, 0x1000, 0x1000);
  EXPECT_EQ(Read(builder)->domains, (std::vector<uint32_t>{1, 2}));
}

TEST(Srat, RefusesBrokenEntries) {
  EXPECT_FALSE(Read(TableBuilder("SRAT").AddZeros(11)).ok());
  for (uint8_t bytes : {0, 1, 15}) {
    TableBuilder builder = Srat();
    builder.Add8(0).Add8(bytes).AddZeros(14);
    EXPECT_FALSE(Read(builder).ok());
  }
  TableBuilder overflow = Srat();
  AddMemory(overflow, 0, 0x1000, ~uint64_t{0} - 0xffe);
  EXPECT_EQ(Read(overflow).status().message(),
            "ACPI table SRAT at 0x1000, offset 48: memory beyond the last "
            "address");
}

TEST(Srat, IsBounded) {
  TableBuilder domains = Srat();
  for (uint32_t i = 0; i < kNumaNodesMax; ++i) AddX2Apic(domains, i * 5, i);
  EXPECT_EQ(Read(domains)->node_count(), kNumaNodesMax);
  AddX2Apic(domains, 1, 9999);
  EXPECT_FALSE(Read(domains).ok());

  TableBuilder processors = Srat();
  for (uint32_t i = 0; i <= kProcessorsMax; ++i) AddX2Apic(processors, 0, i);
  EXPECT_FALSE(Read(processors).ok());

  TableBuilder memory = Srat();
  for (uint32_t i = 0; i <= kMemoryRangesMax; ++i) AddMemory(memory, 0, i, 1);
  EXPECT_FALSE(Read(memory).ok());
}

// Nodes of the domains 0, 2 and 5.
Numa ThreeNodes() {
  TableBuilder builder = Srat();
  for (uint8_t domain : {0, 2, 5}) AddProcessor(builder, domain, domain);
  return *Read(builder);
}

TEST(Slit, GivesDistancesOfDomains) {
  Numa numa = ThreeNodes();
  EXPECT_EQ(numa.Distance(1, 1), kDistanceLocal);
  EXPECT_EQ(numa.Distance(0, 1), kDistanceRemote);
  absl::Status status =
      ReadSlitInto(numa, Slit({10, 99, 31, 99, 10, 99, 17, 99, 10}, 3));
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(numa.Distance(0, 1), 31);
  EXPECT_EQ(numa.Distance(1, 0), 17);
  EXPECT_EQ(numa.Distance(1, 1), 10);
  // The table ends before domain 5.
  EXPECT_EQ(numa.Distance(0, 2), kDistanceRemote);
  EXPECT_EQ(numa.Distance(2, 2), kDistanceLocal);
}

TEST(Slit, IsRefusedWhereItMakesNoSense) {
  Numa numa = ThreeNodes();
  for (const TableBuilder& broken : {
           Slit({10, 20, 20}, 2),                   // Too short.
           Slit({10, 20, 20, 10}, uint64_t{1} << 32),  // A square of zero.
           Slit({10, 20, 20, 10}, ~uint64_t{0}),
           Slit({11, 20, 20, 10}, 2),               // Not local to itself.
           Slit({10, 1, 9, 1, 10, 1, 9, 1, 10}, 3),   // Closer than itself.
           Slit({10, 1, 10, 1, 10, 1, 10, 1, 10}, 3),
           TableBuilder("SLIT").AddZeros(7),
       }) {
    EXPECT_FALSE(ReadSlitInto(numa, broken).ok());
    EXPECT_EQ(numa.Distance(0, 1), kDistanceRemote);
  }
}

}  // namespace
}  // namespace ebbrt::platform::acpi
