#include "platform/baremetal/acpi/mcfg.h"

#include "absl/strings/str_cat.h"

namespace ebbrt::platform::acpi {

absl::StatusOr<std::vector<EcamRange>> ReadMcfg(const Table& table) {
  constexpr size_t kEntriesOffset = 44;
  constexpr size_t kEntryBytes = 16;
  constexpr uint64_t kAddressMax = ~uint64_t{0} - 256 * kEcamBusBytes;
  const Fields& fields = table.fields();
  if (fields.size() < kEntriesOffset) return table.Error(4, "too short");
  std::vector<EcamRange> ranges;
  // Bytes at the end that are no whole entry are padding.
  for (size_t offset = kEntriesOffset; offset + kEntryBytes <= fields.size();
       offset += kEntryBytes) {
    EcamRange range = {.segment = fields.Get<uint16_t>(offset + 8),
                       .bus_first = fields.Get<uint8_t>(offset + 10),
                       .bus_last = fields.Get<uint8_t>(offset + 11),
                       .bus_zero_address = fields.Get<uint64_t>(offset)};
    if (range.bus_first > range.bus_last) {
      return table.Error(offset, "the last bus comes before the first");
    }
    if (range.bus_zero_address == 0 || range.bus_zero_address > kAddressMax) {
      return table.Error(
          offset, absl::StrCat("an address of ",
                               HexAddress(range.bus_zero_address)));
    }
    if (ranges.size() == kEcamRangesMax) {
      return table.Error(
          offset, absl::StrCat("more than ", kEcamRangesMax, " ranges"));
    }
    ranges.push_back(range);
  }
  return ranges;
}

}  // namespace ebbrt::platform::acpi
