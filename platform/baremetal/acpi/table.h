// A system description table whose length and checksum are right, and the
// walk over the entries of those that are lists.
//
// Cores: one at a time. Ownership: a view of physical memory, valid while the
// PhysicalMemory is. Blocks: no. Allocates: messages of errors.
// Bound: kBytesMax a table.
// Errors: kInvalidArgument for what is not as the specification has it; the
// message names the table, its address and the offset.
// Source: ACPI 6.5, section 5.2.6 (header).
#ifndef EBBRT_PLATFORM_BAREMETAL_ACPI_TABLE_H_
#define EBBRT_PLATFORM_BAREMETAL_ACPI_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/types.h"
#include "platform/baremetal/acpi/fields.h"
#include "platform/baremetal/acpi/physical_memory.h"

namespace ebbrt::platform::acpi {

// What PhysicalMemory::Map gives, for an implementation that is not trusted
// either; empty unless it is all that was asked for.
Fields MapFields(PhysicalMemory& memory, uint64_t address, size_t bytes);

class Table {
 public:
  static constexpr size_t kHeaderBytes = 36;
  // The AML of the largest servers takes a few MiB.
  static constexpr size_t kBytesMax = 16 * kMiB;

  // The table at a physical address.
  static absl::StatusOr<Table> Read(PhysicalMemory& memory, uint64_t address);

  // Four characters, which may be any.
  std::string_view signature() const { return fields_.Part(0, 4).text(); }
  uint8_t revision() const { return fields_.Get<uint8_t>(8); }
  uint64_t address() const { return address_; }
  // The whole table with its header, so that offsets are those that the
  // specification prints.
  const Fields& fields() const { return fields_; }

  // The error that says what is wrong, and where.
  absl::Status Error(size_t offset, const std::string& what) const;

 private:
  Table(uint64_t address, Fields fields)
      : address_(address), fields_(fields) {}

  uint64_t address_;
  Fields fields_;
};

// One entry of a table that is a list (MADT, SRAT).
struct Entry {
  uint8_t type;
  size_t offset;  // In the table.
  Fields fields;  // The type, the length, and what follows, as they say.
};

// Calls `visit` with each entry from `offset` to the table's end. Returns the
// first error: that of an entry which is no entry or ends beyond the table, or
// what `visit` returned. Entries have two bytes at least, so the table's
// length bounds their number.
absl::Status ForEachEntry(
    const Table& table, size_t offset,
    absl::FunctionRef<absl::Status(const Entry& entry)> visit);

// An error unless the entry has what its type promises.
absl::Status CheckEntryBytes(const Table& table, const Entry& entry,
                             size_t bytes_min);

// "0x7fe0000", as messages show addresses.
std::string HexAddress(uint64_t address);

}  // namespace ebbrt::platform::acpi

#endif  // EBBRT_PLATFORM_BAREMETAL_ACPI_TABLE_H_
