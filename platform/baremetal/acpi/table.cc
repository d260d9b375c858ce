#include "platform/baremetal/acpi/table.h"

#include <span>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace ebbrt::platform::acpi {

Fields MapFields(PhysicalMemory& memory, uint64_t address, size_t bytes) {
  std::span<const std::byte> mapped = memory.Map(address, bytes);
  return mapped.size() < bytes ? Fields() : Fields(mapped.first(bytes));
}

std::string HexAddress(uint64_t address) {
  return absl::StrCat("0x", absl::Hex(address));
}

absl::StatusOr<Table> Table::Read(PhysicalMemory& memory, uint64_t address) {
  Fields header = MapFields(memory, address, kHeaderBytes);
  if (header.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "ACPI table at ", HexAddress(address), ": its header is not memory"));
  }
  Table table(address, header);
  size_t bytes = header.Get<uint32_t>(4);
  if (bytes < kHeaderBytes || bytes > kBytesMax) {
    return table.Error(4, absl::StrCat("a length of ", bytes, " bytes"));
  }
  table.fields_ = MapFields(memory, address, bytes);
  if (table.fields_.empty()) {
    table.fields_ = header;
    return table.Error(
        4, absl::StrCat("not all of its ", bytes, " bytes are memory"));
  }
  if (!ChecksumIsRight(table.fields_)) {
    return table.Error(9, "the checksum is wrong");
  }
  return table;
}

absl::Status Table::Error(size_t offset, const std::string& what) const {
  std::string name = absl::CHexEscape(std::string(signature()));
  return absl::InvalidArgumentError(
      absl::StrCat("ACPI table ", name, " at ", HexAddress(address_),
                   ", offset ", offset, ": ", what));
}

absl::Status ForEachEntry(
    const Table& table, size_t offset,
    absl::FunctionRef<absl::Status(const Entry& entry)> visit) {
  constexpr size_t kEntryHeaderBytes = 2;
  const Fields& fields = table.fields();
  // A last byte that is no entry is padding.
  while (offset + kEntryHeaderBytes <= fields.size()) {
    size_t bytes = fields.Get<uint8_t>(offset + 1);
    if (bytes < kEntryHeaderBytes) {
      return table.Error(offset, absl::StrCat("an entry of ", bytes, " bytes"));
    }
    Entry entry = {fields.Get<uint8_t>(offset), offset,
                   fields.Part(offset, bytes)};
    if (entry.fields.empty()) {
      return table.Error(offset, absl::StrCat("an entry of ", bytes,
                                              " bytes ends beyond the table"));
    }
    if (absl::Status status = visit(entry); !status.ok()) return status;
    offset += bytes;
  }
  return absl::OkStatus();
}

absl::Status CheckEntryBytes(const Table& table, const Entry& entry,
                             size_t bytes_min) {
  if (entry.fields.size() >= bytes_min) return absl::OkStatus();
  return table.Error(entry.offset,
                     absl::StrCat("an entry of type ", entry.type, " has ",
                                  entry.fields.size(), " bytes, fewer than ",
                                  bytes_min));
}

}  // namespace ebbrt::platform::acpi
