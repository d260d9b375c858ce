#include "platform/baremetal/acpi/tables.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "platform/baremetal/acpi/fields.h"

namespace ebbrt::platform::acpi {
namespace {

constexpr size_t kRsdpBytes = 20;          // As of ACPI 1.0.
constexpr size_t kRsdpExtendedBytes = 36;  // As of ACPI 2.0.
constexpr size_t kRsdpBytesMax = 256;      // It may grow in revisions to come.
// The specification's alignment is 16; UEFI firmware has been seen to put one
// of revision 2 right behind one of revision 0.
constexpr size_t kRsdpStep = 4;
constexpr size_t kRsdpNeighbourBytes = 128;
constexpr std::string_view kRsdpSignature = "RSD PTR ";

constexpr uint64_t kBiosDataEbdaSegment = 0x40e;
constexpr size_t kEbdaSearchedBytes = kKiB;
constexpr uint64_t kLowMemoryEnd = 0xa0000;
// The BIOS's area in two: where it usually is comes first.
constexpr uint64_t kBiosUpper = 0xf0000;
constexpr uint64_t kBiosLower = 0xe0000;
constexpr size_t kBiosSearchedBytes = 0x10000;

absl::Status RsdpError(uint64_t address, const std::string& what) {
  return absl::InvalidArgumentError(
      absl::StrCat("ACPI RSDP at ", HexAddress(address), what));
}

bool IsRsdp(Fields fields) {
  return fields.Part(0, 8).text() == kRsdpSignature &&
         ChecksumIsRight(fields.Part(0, kRsdpBytes));
}

// The address that the root pointer's extension gives; zero if it gives none.
absl::StatusOr<uint64_t> XsdtAddress(PhysicalMemory& memory,
                                     uint64_t rsdp_address) {
  Fields rsdp = MapFields(memory, rsdp_address, kRsdpExtendedBytes);
  if (rsdp.empty()) {
    return RsdpError(rsdp_address, ": its extension is not memory");
  }
  size_t bytes = rsdp.Get<uint32_t>(20);
  if (bytes < kRsdpExtendedBytes || bytes > kRsdpBytesMax) {
    return RsdpError(rsdp_address,
                     absl::StrCat(", offset 20: a length of ", bytes));
  }
  Fields whole = MapFields(memory, rsdp_address, bytes);
  if (whole.empty() || !ChecksumIsRight(whole)) {
    return RsdpError(rsdp_address, ", offset 32: the checksum is wrong");
  }
  return rsdp.Get<uint64_t>(24);
}

absl::StatusOr<Table> ReadRoot(PhysicalMemory& memory, uint64_t address,
                               const std::string& signature) {
  absl::StatusOr<Table> root = Table::Read(memory, address);
  if (root.ok() && root->signature() != signature) {
    return root->Error(0, absl::StrCat("found where ", signature, " must be"));
  }
  return root;
}

// Reads what the root lists, by addresses of four or eight bytes.
void ReadListed(PhysicalMemory& memory, const Table& root, size_t address_bytes,
                Tables& tables) {
  const Fields& fields = root.fields();
  size_t bytes = 0;
  for (size_t offset = Table::kHeaderBytes;
       offset + address_bytes <= fields.size(); offset += address_bytes) {
    uint64_t address = address_bytes == 8 ? fields.Get<uint64_t>(offset)
                                          : fields.Get<uint32_t>(offset);
    if (address == 0) continue;  // Some firmware leaves gaps.
    if (tables.tables.size() + tables.problems.size() >= kTablesMax ||
        bytes > kTablesBytesMax) {
      tables.problems.push_back(
          root.Error(offset, "too many tables; the rest is left out"));
      return;
    }
    absl::StatusOr<Table> table = Table::Read(memory, address);
    if (table.ok()) {
      bytes += table->fields().size();
      tables.tables.push_back(*table);
    } else {
      tables.problems.push_back(table.status());
    }
  }
}

}  // namespace

std::optional<uint64_t> FindRsdp(PhysicalMemory& memory) {
  Fields segment = MapFields(memory, kBiosDataEbdaSegment, 2);
  uint64_t ebda = uint64_t{segment.Get<uint16_t>(0)} << 4;
  if (ebda != 0 && ebda < kLowMemoryEnd) {
    auto found = FindRsdpIn(memory, ebda, kEbdaSearchedBytes);
    if (found.has_value()) return found;
  }
  auto found = FindRsdpIn(memory, kBiosUpper, kBiosSearchedBytes);
  if (found.has_value()) return found;
  return FindRsdpIn(memory, kBiosLower, kBiosSearchedBytes);
}

std::optional<uint64_t> FindRsdpIn(PhysicalMemory& memory, uint64_t address,
                                   size_t bytes) {
  std::optional<uint64_t> best;
  uint8_t best_revision = 0;
  Fields area = MapFields(memory, address, bytes);
  // The library's search is fast, and an area may be all of ACPI's memory.
  std::string_view text = area.text();
  for (size_t offset = text.find(kRsdpSignature);
       offset != std::string_view::npos;
       offset = text.find(kRsdpSignature, offset + 1)) {
    if (offset % kRsdpStep != 0) continue;
    Fields rsdp = area.Part(offset, kRsdpBytes);
    if (!IsRsdp(rsdp)) continue;
    uint8_t revision = rsdp.Get<uint8_t>(15);
    if (best.has_value() && revision <= best_revision) continue;
    best = address + offset;
    best_revision = revision;
    // Another one is right behind it, if at all.
    text = text.substr(0, offset + kRsdpNeighbourBytes);
  }
  return best;
}

const Table* Tables::Find(std::string_view signature) const {
  for (const Table& table : tables) {
    if (table.signature() == signature) return &table;
  }
  return nullptr;
}

absl::StatusOr<Tables> ReadTables(PhysicalMemory& memory,
                                  uint64_t rsdp_address) {
  Fields rsdp = MapFields(memory, rsdp_address, kRsdpBytes);
  if (!IsRsdp(rsdp)) {
    return RsdpError(rsdp_address, ": no signature with a right checksum");
  }
  Tables tables;
  uint8_t revision = rsdp.Get<uint8_t>(15);
  if (revision >= 2) {
    absl::StatusOr<uint64_t> address = XsdtAddress(memory, rsdp_address);
    if (address.ok() && *address != 0) {
      absl::StatusOr<Table> xsdt = ReadRoot(memory, *address, "XSDT");
      if (xsdt.ok()) {
        ReadListed(memory, *xsdt, 8, tables);
        return tables;
      }
      tables.problems.push_back(xsdt.status());
    } else if (!address.ok()) {
      tables.problems.push_back(address.status());
    }
  }
  absl::StatusOr<Table> rsdt =
      ReadRoot(memory, rsdp.Get<uint32_t>(16), "RSDT");
  if (!rsdt.ok()) {
    // What was wrong with the better root says more.
    return tables.problems.empty() ? rsdt.status() : tables.problems.front();
  }
  ReadListed(memory, *rsdt, 4, tables);
  return tables;
}

}  // namespace ebbrt::platform::acpi
