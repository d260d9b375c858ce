// The write to memory by which a device interrupts a core.
//
// Cores: any. Blocks: no. Allocates: messages of errors.
// Errors: kUnimplemented for a core that the format cannot name.
// Source: Intel SDM volume 3, section 11.11 (message signalled interrupts).
#ifndef EBBRT_PLATFORM_BAREMETAL_PCI_MESSAGE_H_
#define EBBRT_PLATFORM_BAREMETAL_PCI_MESSAGE_H_

#include <cstdint>

#include "absl/status/statusor.h"

namespace ebbrt::platform::pci {

struct Message {
  uint64_t address;
  uint32_t data;

  friend bool operator==(const Message&, const Message&) = default;
};

// Vectors below are exceptions.
inline constexpr uint8_t kMessageVectorMin = 0x20;
// The format has eight bits for the core's APIC, also where the APIC has more;
// beyond them the interrupts have to be remapped.
inline constexpr uint32_t kMessageApicIdMax = 0xfe;

// The message that raises `vector`, by edge, at the core of that APIC id,
// xAPIC or x2APIC. REQUIRES: vector >= kMessageVectorMin.
absl::StatusOr<Message> MessageFor(uint32_t apic_id, uint8_t vector);

}  // namespace ebbrt::platform::pci

#endif  // EBBRT_PLATFORM_BAREMETAL_PCI_MESSAGE_H_
