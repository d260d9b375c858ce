// What a PCI function says of itself, and its command register.
//
// Cores: one at a time. Ownership: values. Blocks: no. Allocates: never.
// Errors: none.
// Source: PCI Local Bus 3.0, sections 6.2.1 to 6.2.4.
#ifndef EBBRT_PLATFORM_BAREMETAL_PCI_FUNCTION_H_
#define EBBRT_PLATFORM_BAREMETAL_PCI_FUNCTION_H_

#include <cstdint>
#include <optional>

#include "platform/baremetal/pci/address.h"
#include "platform/baremetal/pci/config_space.h"

namespace ebbrt::platform::pci {

enum class HeaderType : uint8_t { kDevice = 0, kBridge = 1, kCardBus = 2 };

// A function, by what its header has.
struct Function {
  Address address;
  uint16_t vendor = 0;
  uint16_t device = 0;
  uint8_t class_code = 0;
  uint8_t subclass = 0;
  uint8_t interface = 0;
  uint8_t revision = 0;
  // Which layout the rest of the header has; may be another value.
  HeaderType header_type = HeaderType::kDevice;
  // The device may have functions other than 0.
  bool multifunction = false;
  // Zero but for HeaderType::kDevice.
  uint16_t subsystem_vendor = 0;
  uint16_t subsystem = 0;
  // 1 to 4 for INTA to INTD; 0 if it has none.
  uint8_t interrupt_pin = 0;
  // What firmware noted: of a PC, the 8259's line.
  uint8_t interrupt_line = 0;
};

// Reads the header; none if nothing is there. Writes nothing.
std::optional<Function> ReadFunction(ConfigSpace& config,
                                     const Address& address);

// Bits of the command register.
enum class Command : uint16_t {
  kNone = 0,
  kPortDecode = 1u << 0,
  kMemoryDecode = 1u << 1,
  kBusMaster = 1u << 2,
  kInterruptDisable = 1u << 10,  // Of INTx; messages do not ask.
};
constexpr Command operator|(Command a, Command b) {
  return Command{static_cast<uint16_t>(static_cast<uint16_t>(a) |
                                       static_cast<uint16_t>(b))};
}

// Sets and clears bits, and keeps the others. Returns the register as it was.
uint16_t UpdateCommand(ConfigSpace& config, const Address& address,
                       Command set, Command clear = Command::kNone);

}  // namespace ebbrt::platform::pci

#endif  // EBBRT_PLATFORM_BAREMETAL_PCI_FUNCTION_H_
