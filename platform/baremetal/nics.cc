#include "platform/baremetal/nics.h"

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

}  // namespace

std::vector<std::unique_ptr<Nic>> FindNics(const NicOptions& options) {
  std::vector<std::unique_ptr<Nic>> nics;
  for (const pci::Function& function : PciFunctions()) {
    for (const Driver& driver : kDrivers) {
      if (!driver.claims(function)) continue;
      auto nic = driver.probe(function, options);
      if (nic.ok()) {
        nics.push_back(*std::move(nic));
      } else {
        Baremetal::WriteConsole("NIC " + function.address.ToString() + ": " +
                                std::string(nic.status().message()) + "\n");
      }
      break;
    }
  }
  return nics;
}

}  // namespace ebbrt::platform
