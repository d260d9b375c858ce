#include "platform/baremetal/pci/capabilities.h"

#include <bitset>

#include "platform/baremetal/pci/registers.h"

namespace ebbrt::platform::pci {
namespace {

constexpr uint32_t kFirstOffset = 0x40;  // Behind the header.

}  // namespace

std::vector<Capability> ReadCapabilities(ConfigSpace& config,
                                         const Function& function) {
  std::vector<Capability> capabilities;
  const Address& address = function.address;
  if ((config.Read16(address, kStatus16) & kHasCapabilities) == 0 ||
      function.header_type > HeaderType::kBridge) {
    return capabilities;
  }
  // The low two bits of a pointer are reserved.
  std::bitset<kBasicConfigBytes / 4> visited;
  uint32_t offset = config.Read8(address, kCapabilities8) & 0xfc;
  while (offset >= kFirstOffset && !visited[offset / 4]) {
    visited.set(offset / 4);
    uint16_t header = config.Read16(address, offset);
    capabilities.push_back({static_cast<uint16_t>(header & 0xff),
                            static_cast<uint16_t>(offset)});
    offset = header >> 8 & 0xfc;
  }
  return capabilities;
}

std::vector<Capability> ReadExtendedCapabilities(ConfigSpace& config,
                                                 const Function& function) {
  constexpr uint32_t kAbsent = ~uint32_t{0};
  std::vector<Capability> capabilities;
  std::bitset<kConfigBytes / 4> visited;
  uint32_t offset = kBasicConfigBytes;
  while (offset >= kBasicConfigBytes && !visited[offset / 4]) {
    visited.set(offset / 4);
    uint32_t header = config.Read32(function.address, offset);
    // An empty list is a header of zeros.
    if (header == 0 || header == kAbsent) break;
    capabilities.push_back({static_cast<uint16_t>(header & 0xffff),
                            static_cast<uint16_t>(offset)});
    offset = header >> 20 & 0xffc;
  }
  return capabilities;
}

std::optional<uint16_t> FindCapability(
    std::span<const Capability> capabilities, uint16_t id) {
  for (const Capability& capability : capabilities) {
    if (capability.id == id) return capability.offset;
  }
  return std::nullopt;
}

}  // namespace ebbrt::platform::pci
