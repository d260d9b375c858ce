#include "platform/baremetal/pci/port_config_space.h"

namespace ebbrt::platform::pci {
namespace {

// A byte or a half of the word is at the port of its place in the word.
uint16_t DataPort(uint32_t offset) {
  return static_cast<uint16_t>(kConfigDataPort + offset % 4);
}

}  // namespace

bool PortConfigSpace::Select(const Address& address, uint32_t offset) {
  if (address.segment != 0 || offset >= kBasicConfigBytes) return false;
  ports_.Out(kConfigAddressPort, 4, ConfigPortAddress(address, offset));
  return true;
}

uint32_t PortConfigSpace::Read(const Address& address, uint32_t offset,
                               uint32_t bytes) {
  if (!Select(address, offset)) return ~uint32_t{0};
  return ports_.In(DataPort(offset), bytes);
}

void PortConfigSpace::Write(const Address& address, uint32_t offset,
                            uint32_t bytes, uint32_t value) {
  if (!Select(address, offset)) return;
  ports_.Out(DataPort(offset), bytes, value);
}

}  // namespace ebbrt::platform::pci
