// For tests: functions that are nothing but registers, of which some bits can
// be written.
//
// Cores: none needed. Ownership: values. Allocates: yes. Errors: none.
#ifndef EBBRT_PLATFORM_BAREMETAL_PCI_FAKE_CONFIG_SPACE_H_
#define EBBRT_PLATFORM_BAREMETAL_PCI_FAKE_CONFIG_SPACE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>

#include "platform/baremetal/pci/address.h"
#include "platform/baremetal/pci/config_space.h"

namespace ebbrt::platform::pci::testing {

class FakeFunction {
 public:
  // Sets a register's value, and which of its bits can be written.
  FakeFunction& Set8(uint32_t offset, uint8_t value, uint8_t writable = 0) {
    return Set(offset, 1, value, writable);
  }
  FakeFunction& Set16(uint32_t offset, uint16_t value, uint16_t writable = 0) {
    return Set(offset, 2, value, writable);
  }
  FakeFunction& Set32(uint32_t offset, uint32_t value, uint32_t writable = 0) {
    return Set(offset, 4, value, writable);
  }
  // Makes the function a bridge.
  FakeFunction& SetBridge(uint8_t secondary, uint8_t subordinate);
  // Sets the first of the list, or the next, to a capability.
  FakeFunction& SetCapability(uint8_t offset, uint8_t id, uint8_t next);

  uint32_t Get(uint32_t offset, uint32_t bytes) const;
  void Write(uint32_t offset, uint32_t bytes, uint32_t value);

 private:
  FakeFunction& Set(uint32_t offset, uint32_t bytes, uint32_t value,
                    uint32_t writable);

  std::array<uint8_t, kConfigBytes> values_{};
  std::array<uint8_t, kConfigBytes> writable_{};
};

class FakeConfigSpace : public ConfigSpace {
 public:
  // Adds a function with a writable command register.
  FakeFunction& Add(const Address& address, uint16_t vendor = 0x1af4,
                    uint16_t device = 0x1041);
  FakeFunction& At(const Address& address) { return functions_.at(address); }
  void Remove(const Address& address) { functions_.erase(address); }

  uint32_t reads() const { return reads_; }
  uint32_t writes() const { return writes_; }
  // Whether a base address was written while the function decoded it.
  bool moved_while_decoding() const { return moved_while_decoding_; }

 private:
  uint32_t Read(const Address& address, uint32_t offset,
                uint32_t bytes) override;
  void Write(const Address& address, uint32_t offset, uint32_t bytes,
             uint32_t value) override;

  std::map<Address, FakeFunction> functions_;
  uint32_t reads_ = 0;
  uint32_t writes_ = 0;
  bool moved_while_decoding_ = false;
};

}  // namespace ebbrt::platform::pci::testing

#endif  // EBBRT_PLATFORM_BAREMETAL_PCI_FAKE_CONFIG_SPACE_H_
