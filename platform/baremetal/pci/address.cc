#include "platform/baremetal/pci/address.h"

#include "absl/strings/str_format.h"

namespace ebbrt::platform::pci {

std::string Address::ToString() const {
  return absl::StrFormat("%04x:%02x:%02x.%x", segment, bus, device, function);
}

}  // namespace ebbrt::platform::pci
