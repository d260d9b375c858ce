// Configuration space behind the ports 0xcf8 and 0xcfc, where there is no
// ECAM: segment 0 only, and the first 256 bytes of a function only.
//
// Cores: one at a time: an access is two steps, the address and the data.
// Ownership: the ports outlive the object. Blocks: no. Allocates: never.
// Errors: what cannot be reached reads as all ones.
// Source: PCI Local Bus 3.0, section 3.2.2.3.2.
#ifndef EBBRT_PLATFORM_BAREMETAL_PCI_PORT_CONFIG_SPACE_H_
#define EBBRT_PLATFORM_BAREMETAL_PCI_PORT_CONFIG_SPACE_H_

#include <cstdint>

#include "platform/baremetal/pci/address.h"
#include "platform/baremetal/pci/config_space.h"

namespace ebbrt::platform::pci {

// The processor's IO ports, as far as they are used here.
class Ports {
 public:
  virtual ~Ports() = default;

  // One access of `bytes` (1, 2 or 4) bytes.
  virtual uint32_t In(uint16_t port, uint32_t bytes) = 0;
  virtual void Out(uint16_t port, uint32_t bytes, uint32_t value) = 0;
};

inline constexpr uint16_t kConfigAddressPort = 0xcf8;
inline constexpr uint16_t kConfigDataPort = 0xcfc;

// What is written to the address port to have the register's word at the data
// port.
constexpr uint32_t ConfigPortAddress(const Address& address, uint32_t offset) {
  return uint32_t{1} << 31 | uint32_t{address.bus} << 16 |
         uint32_t{address.device} << 11 | uint32_t{address.function} << 8 |
         (offset & 0xfc);
}

class PortConfigSpace : public ConfigSpace {
 public:
  explicit PortConfigSpace(Ports& ports) : ports_(ports) {}

 private:
  uint32_t Read(const Address& address, uint32_t offset,
                uint32_t bytes) override;
  void Write(const Address& address, uint32_t offset, uint32_t bytes,
             uint32_t value) override;

  // Puts the register behind the data port; false if it cannot be.
  bool Select(const Address& address, uint32_t offset);

  Ports& ports_;
};

}  // namespace ebbrt::platform::pci

#endif  // EBBRT_PLATFORM_BAREMETAL_PCI_PORT_CONFIG_SPACE_H_
