#include "platform/baremetal/acpi/hpet.h"

#include <cstddef>
#include <optional>

#include "core/base/types.h"
#include "platform/baremetal/acpi/generic_address.h"

namespace ebbrt::platform::acpi {

absl::StatusOr<Hpet> ReadHpet(const Table& table) {
  constexpr size_t kTableBytes = 56;
  constexpr size_t kAddressOffset = 40;
  const Fields& fields = table.fields();
  if (fields.size() < kTableBytes) return table.Error(4, "too short");
  std::optional<GenericAddress> address =
      ReadGenericAddress(fields, kAddressOffset, kKiB);
  if (!address.has_value() || address->space != AddressSpace::kMemory) {
    return table.Error(kAddressOffset, "the registers are not in memory");
  }
  uint32_t id = fields.Get<uint32_t>(36);
  return Hpet{.address = address->address,
              .minimum_ticks = fields.Get<uint16_t>(53),
              .comparators = (id >> 8 & 0x1f) + 1,
              .wide_counter = (id >> 13 & 1) != 0};
}

}  // namespace ebbrt::platform::acpi
