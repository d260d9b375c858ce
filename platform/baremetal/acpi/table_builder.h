// For tests: makes ACPI tables, right ones and broken ones, and the memory that
// they stand in.
//
// Cores: none needed. Ownership: values. Allocates: yes.
// Errors: none; what a test builds may be as broken as it likes.
#ifndef EBBRT_PLATFORM_BAREMETAL_ACPI_TABLE_BUILDER_H_
#define EBBRT_PLATFORM_BAREMETAL_ACPI_TABLE_BUILDER_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/baremetal/acpi/physical_memory.h"

namespace ebbrt::platform::acpi::testing {

using Bytes = std::vector<std::byte>;

// Sets the byte at `place` so that all add up to zero.
void FixChecksum(std::span<std::byte> bytes, size_t place);

// Appends fields to a table's header, in little-endian order.
class TableBuilder {
 public:
  explicit TableBuilder(std::string_view signature, uint8_t revision = 1);

  template <std::unsigned_integral T>
  TableBuilder& Add(T value) {
    bytes_.resize(bytes_.size() + sizeof(T));
    return Set(bytes_.size() - sizeof(T), value);
  }
  TableBuilder& Add8(uint8_t value) { return Add(value); }
  TableBuilder& Add16(uint16_t value) { return Add(value); }
  TableBuilder& Add32(uint32_t value) { return Add(value); }
  TableBuilder& Add64(uint64_t value) { return Add(value); }
  TableBuilder& AddZeros(size_t bytes);
  TableBuilder& AddText(std::string_view text);
  // A generic address.
  TableBuilder& AddAddress(uint8_t space, uint64_t address);

  // Overwrites a field that is there already; an offset is the table's.
  template <std::unsigned_integral T>
  TableBuilder& Set(size_t offset, T value) {
    for (size_t i = 0; i < sizeof(T); ++i) {
      bytes_.at(offset + i) = std::byte(value >> 8 * i & 0xff);
    }
    return *this;
  }

  size_t size() const { return bytes_.size(); }

  // The table with a right length and a right checksum.
  Bytes Build() const;
  // With a length of the test's choice, and a right checksum.
  Bytes BuildWithLength(uint32_t bytes) const;

 private:
  Bytes bytes_;
};

// Regions of physical memory. Each Map gets an allocation of its own, so that
// an address sanitizer sees a read beyond what was mapped.
class FakeMemory : public PhysicalMemory {
 public:
  void Put(uint64_t address, Bytes bytes) {
    regions_.insert_or_assign(address, std::move(bytes));
  }
  std::map<uint64_t, Bytes>& regions() { return regions_; }
  size_t maps() const { return mapped_.size(); }

  std::span<const std::byte> Map(uint64_t address, size_t bytes) override;

 private:
  std::map<uint64_t, Bytes> regions_;
  std::vector<std::unique_ptr<std::byte[]>> mapped_;
};

// Puts tables into a FakeMemory, and the roots that list them.
class FakeFirmware {
 public:
  explicit FakeFirmware(FakeMemory& memory) : memory_(memory) {}

  // Puts a table anywhere, unlisted; returns where.
  uint64_t Put(Bytes table);
  // Lists an address, of a table or of none.
  void List(uint64_t address) { listed_.push_back(address); }
  uint64_t PutAndList(Bytes table) {
    listed_.push_back(Put(std::move(table)));
    return listed_.back();
  }

  Bytes Rsdt() const;
  Bytes Xsdt() const;
  // An RSDP of that revision; one below 2 has no XSDT.
  static Bytes Rsdp(uint8_t revision, uint64_t rsdt, uint64_t xsdt);

  // Puts the roots and returns the RSDP's address.
  uint64_t Finish(uint8_t revision = 2);

 private:
  FakeMemory& memory_;
  std::vector<uint64_t> listed_;
  uint64_t next_ = 0x7fe0000;
};

}  // namespace ebbrt::platform::acpi::testing

#endif  // EBBRT_PLATFORM_BAREMETAL_ACPI_TABLE_BUILDER_H_
