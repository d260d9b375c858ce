#include "platform/baremetal/pci/function.h"

#include "platform/baremetal/pci/registers.h"

namespace ebbrt::platform::pci {

std::optional<Function> ReadFunction(ConfigSpace& config,
                                     const Address& address) {
  Function function = {.address = address};
  function.vendor = config.Read16(address, kVendor16);
  // Some bridges answer for an empty slot with zeros.
  if (function.vendor == kNoVendor || function.vendor == 0) {
    return std::nullopt;
  }
  function.device = config.Read16(address, kDevice16);
  function.class_code = config.Read8(address, kClass8);
  function.subclass = config.Read8(address, kSubclass8);
  function.interface = config.Read8(address, kInterface8);
  function.revision = config.Read8(address, kRevision8);
  uint8_t header_type = config.Read8(address, kHeaderType8);
  function.multifunction = (header_type & kMultifunction) != 0;
  function.header_type =
      HeaderType{static_cast<uint8_t>(header_type & ~kMultifunction)};
  if (function.header_type == HeaderType::kDevice) {
    function.subsystem_vendor = config.Read16(address, kSubsystemVendor16);
    function.subsystem = config.Read16(address, kSubsystem16);
  }
  function.interrupt_pin = config.Read8(address, kInterruptPin8);
  function.interrupt_line = config.Read8(address, kInterruptLine8);
  return function;
}

uint16_t UpdateCommand(ConfigSpace& config, const Address& address,
                       Command set, Command clear) {
  uint16_t before = config.Read16(address, kCommand16);
  uint16_t after = static_cast<uint16_t>(
      (before & ~static_cast<uint16_t>(clear)) | static_cast<uint16_t>(set));
  if (after != before) config.Write16(address, kCommand16, after);
  return before;
}

}  // namespace ebbrt::platform::pci
