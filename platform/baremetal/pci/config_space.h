// Configuration space: the registers that every PCI function has.
//
// Everything here that reads or changes a function takes this interface. There
// are two ways to it (ecam.h, port_config_space.h), and a fake for tests.
//
// Cores: one at a time. Blocks: no. Allocates: never.
// Errors: what is not there reads as all ones, and writes to it are lost, as
// on the bus. REQUIRES, of all: the address's parts are in their ranges,
// `offset` is a multiple of the access's bytes and below kConfigBytes.
// Source: PCI Local Bus 3.0, chapter 6; PCI Express Base 5.0, section 7.2.
#ifndef EBBRT_PLATFORM_BAREMETAL_PCI_CONFIG_SPACE_H_
#define EBBRT_PLATFORM_BAREMETAL_PCI_CONFIG_SPACE_H_

#include <cstddef>
#include <cstdint>

#include "core/base/check.h"
#include "platform/baremetal/pci/address.h"

namespace ebbrt::platform::pci {

// Of a function; what is beyond the first of these two needs ECAM.
inline constexpr uint32_t kBasicConfigBytes = 256;
inline constexpr uint32_t kConfigBytes = 4096;

class ConfigSpace {
 public:
  virtual ~ConfigSpace() = default;

  uint8_t Read8(const Address& address, uint32_t offset) {
    return static_cast<uint8_t>(CheckedRead(address, offset, 1));
  }
  uint16_t Read16(const Address& address, uint32_t offset) {
    return static_cast<uint16_t>(CheckedRead(address, offset, 2));
  }
  uint32_t Read32(const Address& address, uint32_t offset) {
    return CheckedRead(address, offset, 4);
  }
  void Write8(const Address& address, uint32_t offset, uint8_t value) {
    CheckedWrite(address, offset, 1, value);
  }
  void Write16(const Address& address, uint32_t offset, uint16_t value) {
    CheckedWrite(address, offset, 2, value);
  }
  void Write32(const Address& address, uint32_t offset, uint32_t value) {
    CheckedWrite(address, offset, 4, value);
  }

 private:
  // One access of `bytes` (1, 2 or 4) bytes.
  virtual uint32_t Read(const Address& address, uint32_t offset,
                        uint32_t bytes) = 0;
  virtual void Write(const Address& address, uint32_t offset, uint32_t bytes,
                     uint32_t value) = 0;

  static void Check(const Address& address, uint32_t offset, uint32_t bytes) {
    EBBRT_CHECK(address.device < kDevices && address.function < kFunctions);
    EBBRT_CHECK(offset < kConfigBytes && offset % bytes == 0);
  }
  uint32_t CheckedRead(const Address& address, uint32_t offset,
                       uint32_t bytes) {
    Check(address, offset, bytes);
    return Read(address, offset, bytes);
  }
  void CheckedWrite(const Address& address, uint32_t offset, uint32_t bytes,
                    uint32_t value) {
    Check(address, offset, bytes);
    Write(address, offset, bytes, value);
  }
};

}  // namespace ebbrt::platform::pci

#endif  // EBBRT_PLATFORM_BAREMETAL_PCI_CONFIG_SPACE_H_
