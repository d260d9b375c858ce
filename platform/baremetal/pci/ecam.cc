#include "platform/baremetal/pci/ecam.h"

#include <utility>

namespace ebbrt::platform::pci {

EcamConfigSpace::EcamConfigSpace(std::vector<Mapping> mappings)
    : mappings_(std::move(mappings)) {}

volatile std::byte* EcamConfigSpace::Find(const Address& address,
                                          uint32_t offset,
                                          uint32_t bytes) const {
  for (const Mapping& mapping : mappings_) {
    if (!mapping.buses.Contains(address.segment, address.bus)) continue;
    uint64_t at = EcamOffset(address, offset) -
                  EcamOffset({.bus = mapping.buses.first}, 0);
    if (at + bytes > mapping.memory.size()) return nullptr;
    return mapping.memory.data() + at;
  }
  return nullptr;
}

uint32_t EcamConfigSpace::Read(const Address& address, uint32_t offset,
                               uint32_t bytes) {
  volatile std::byte* place = Find(address, offset, bytes);
  if (place == nullptr) return ~uint32_t{0};
  switch (bytes) {
    case 1:
      return *reinterpret_cast<volatile uint8_t*>(place);
    case 2:
      return *reinterpret_cast<volatile uint16_t*>(place);
    default:
      return *reinterpret_cast<volatile uint32_t*>(place);
  }
}

void EcamConfigSpace::Write(const Address& address, uint32_t offset,
                            uint32_t bytes, uint32_t value) {
  volatile std::byte* place = Find(address, offset, bytes);
  if (place == nullptr) return;
  switch (bytes) {
    case 1:
      *reinterpret_cast<volatile uint8_t*>(place) =
          static_cast<uint8_t>(value);
      break;
    case 2:
      *reinterpret_cast<volatile uint16_t*>(place) =
          static_cast<uint16_t>(value);
      break;
    default:
      *reinterpret_cast<volatile uint32_t*>(place) = value;
      break;
  }
}

}  // namespace ebbrt::platform::pci
