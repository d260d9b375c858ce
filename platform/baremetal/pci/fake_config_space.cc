#include "platform/baremetal/pci/fake_config_space.h"

#include "platform/baremetal/pci/registers.h"

namespace ebbrt::platform::pci::testing {

FakeFunction& FakeFunction::Set(uint32_t offset, uint32_t bytes,
                                uint32_t value, uint32_t writable) {
  for (uint32_t i = 0; i < bytes; ++i) {
    values_.at(offset + i) = static_cast<uint8_t>(value >> 8 * i);
    writable_.at(offset + i) = static_cast<uint8_t>(writable >> 8 * i);
  }
  return *this;
}

FakeFunction& FakeFunction::SetBridge(uint8_t secondary, uint8_t subordinate) {
  return Set8(kHeaderType8, (values_[kHeaderType8] & kMultifunction) | 1)
      .Set8(kClass8, 6)
      .Set8(kSubclass8, 4)
      .Set8(kSecondaryBus8, secondary)
      .Set8(kSubordinateBus8, subordinate);
}

FakeFunction& FakeFunction::SetCapability(uint8_t offset, uint8_t id,
                                          uint8_t next) {
  Set16(kStatus16, kHasCapabilities);
  if (values_[kCapabilities8] == 0) Set8(kCapabilities8, offset);
  return Set8(offset, id).Set8(offset + 1, next);
}

uint32_t FakeFunction::Get(uint32_t offset, uint32_t bytes) const {
  uint32_t value = 0;
  for (uint32_t i = 0; i < bytes; ++i) {
    value |= uint32_t{values_.at(offset + i)} << 8 * i;
  }
  return value;
}

void FakeFunction::Write(uint32_t offset, uint32_t bytes, uint32_t value) {
  for (uint32_t i = 0; i < bytes; ++i) {
    uint8_t mask = writable_.at(offset + i);
    uint8_t byte = static_cast<uint8_t>(value >> 8 * i);
    values_[offset + i] =
        static_cast<uint8_t>((values_[offset + i] & ~mask) | (byte & mask));
  }
}

FakeFunction& FakeConfigSpace::Add(const Address& address, uint16_t vendor,
                                   uint16_t device) {
  return functions_[address]
      .Set16(kVendor16, vendor)
      .Set16(kDevice16, device)
      .Set16(kCommand16, 0, 0x7ff);
}

uint32_t FakeConfigSpace::Read(const Address& address, uint32_t offset,
                               uint32_t bytes) {
  ++reads_;
  auto found = functions_.find(address);
  if (found == functions_.end()) return ~uint32_t{0};
  return found->second.Get(offset, bytes);
}

void FakeConfigSpace::Write(const Address& address, uint32_t offset,
                            uint32_t bytes, uint32_t value) {
  ++writes_;
  auto found = functions_.find(address);
  if (found == functions_.end()) return;
  constexpr uint32_t kDecode = 3;
  if (offset >= kBars32 && offset < kBars32 + 6 * 4 &&
      (found->second.Get(kCommand16, 2) & kDecode) != 0) {
    moved_while_decoding_ = true;
  }
  found->second.Write(offset, bytes, value);
}

}  // namespace ebbrt::platform::pci::testing
