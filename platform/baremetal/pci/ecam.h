// Configuration space that is mapped into memory (ECAM):
//
//   offset in the mapping:  27    20 19    15 14    12 11         0
//                          |  bus   | device |function|  register  |
//
// Cores: one at a time. Ownership: the mapping is the caller's and outlives
// the object; it must be uncached. Blocks: no. Allocates: when made.
// Errors: a bus that no range has reads as all ones.
// Source: PCI Express Base 5.0, section 7.2.2.
#ifndef EBBRT_PLATFORM_BAREMETAL_PCI_ECAM_H_
#define EBBRT_PLATFORM_BAREMETAL_PCI_ECAM_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "platform/baremetal/pci/address.h"
#include "platform/baremetal/pci/config_space.h"

namespace ebbrt::platform::pci {

// How far a register is from the start of its segment's bus 0.
constexpr uint64_t EcamOffset(const Address& address, uint32_t offset) {
  return uint64_t{address.bus} << 20 | uint64_t{address.device} << 15 |
         uint64_t{address.function} << 12 | offset;
}

class EcamConfigSpace : public ConfigSpace {
 public:
  struct Mapping {
    BusRange buses;
    // Starts with bus `buses.first`. What is beyond it reads as all ones.
    std::span<volatile std::byte> memory;
  };

  explicit EcamConfigSpace(std::vector<Mapping> mappings);

 private:
  uint32_t Read(const Address& address, uint32_t offset,
                uint32_t bytes) override;
  void Write(const Address& address, uint32_t offset, uint32_t bytes,
             uint32_t value) override;

  // Where the register is; null if no mapping has it.
  volatile std::byte* Find(const Address& address, uint32_t offset,
                           uint32_t bytes) const;

  std::vector<Mapping> mappings_;
};

}  // namespace ebbrt::platform::pci

#endif  // EBBRT_PLATFORM_BAREMETAL_PCI_ECAM_H_
