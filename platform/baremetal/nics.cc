#include "platform/baremetal/nics.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "platform/baremetal/baremetal.h"
#include "platform/baremetal/devices/pci_machine.h"
#include "platform/baremetal/intel/driver.h"
#include "platform/baremetal/virtio/net_driver.h"

namespace ebbrt::platform {
namespace {

struct Driver {
  bool (*claims)(const pci::Function& function);
  absl::StatusOr<std::unique_ptr<Nic>> (*probe)(const pci::Function& function,
                                                const NicOptions& options);
};

template <NicDriver T>
constexpr Driver kDriver = {&T::Claims, &T::Probe};

constexpr Driver kDrivers[] = {
    kDriver<virtio::NetDriver>,
    kDriver<intel::E1000Driver>,
    kDriver<intel::E1000eDriver>,
};

// Null: none.
const Driver* DriverOf(const pci::Function& function) {
  const auto* found =
      std::ranges::find_if(kDrivers, [&function](const Driver& driver) {
        return driver.claims(function);
      });
  return found == std::end(kDrivers) ? nullptr : found;
}

}  // namespace

bool HasNic() {
  return std::ranges::any_of(PciFunctions(), DriverOf);
}

std::vector<std::unique_ptr<Nic>> FindNics(const NicOptions& options) {
  std::vector<std::unique_ptr<Nic>> nics;
  for (const pci::Function& function : PciFunctions()) {
    const Driver* driver = DriverOf(function);
    if (driver == nullptr) continue;
    auto nic = driver->probe(function, options);
    if (nic.ok()) {
      nics.push_back(*std::move(nic));
    } else {
      Baremetal::WriteConsole("NIC " + function.address.ToString() + ": " +
                              std::string(nic.status().message()) + "\n");
    }
  }
  return nics;
}

}  // namespace ebbrt::platform
