#include "platform/baremetal/acpi/generic_address.h"

namespace ebbrt::platform::acpi {
namespace {

constexpr uint64_t kPortsEnd = 0x10000;
constexpr uint64_t kPciDevicesEnd = 32;
constexpr uint64_t kPciFunctionsEnd = 8;
constexpr uint64_t kPciOffsetsEnd = 256;

bool IsInSpace(AddressSpace space, uint64_t address, size_t bytes) {
  switch (space) {
    case AddressSpace::kMemory:
      return address <= ~uint64_t{0} - bytes;
    case AddressSpace::kPort:
      return address < kPortsEnd && bytes <= kPortsEnd - address;
    case AddressSpace::kPciConfiguration:
      return address >> 32 < kPciDevicesEnd &&
             (address >> 16 & 0xffff) < kPciFunctionsEnd &&
             (address & 0xffff) + bytes <= kPciOffsetsEnd;
  }
  return false;
}

std::optional<GenericAddress> IfInSpace(AddressSpace space, uint64_t address,
                                        size_t bytes) {
  if (address == 0 || !IsInSpace(space, address, bytes)) return std::nullopt;
  return GenericAddress{space, address};
}

}  // namespace

std::optional<GenericAddress> ReadGenericAddress(const Fields& fields,
                                                 size_t offset, size_t bytes) {
  return IfInSpace(AddressSpace{fields.Get<uint8_t>(offset)},
                   fields.Get<uint64_t>(offset + 4), bytes);
}

std::optional<GenericAddress> ReadPort(const Fields& fields, size_t offset,
                                       size_t bytes) {
  return IfInSpace(AddressSpace::kPort, fields.Get<uint32_t>(offset), bytes);
}

}  // namespace ebbrt::platform::acpi
