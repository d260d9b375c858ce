#include "platform/baremetal/devices/pci_machine.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "platform/baremetal/baremetal.h"
#include "platform/baremetal/cpu/instructions.h"
#include "platform/baremetal/firmware.h"
#include "platform/baremetal/memory/address_space.h"
#include "platform/baremetal/pci/ecam.h"
#include "platform/baremetal/pci/enumerate.h"

namespace ebbrt::platform {
namespace {

class ProcessorPorts final : public pci::Ports {
 public:
  uint32_t In(uint16_t port, uint32_t bytes) override {
    switch (bytes) {
      case 1:
        return machine::In8(port);
      case 2:
        return machine::In16(port);
      default:
        return machine::In32(port);
    }
  }
  void Out(uint16_t port, uint32_t bytes, uint32_t value) override {
    switch (bytes) {
      case 1:
        machine::Out8(port, static_cast<uint8_t>(value));
        break;
      case 2:
        machine::Out16(port, static_cast<uint16_t>(value));
        break;
      default:
        machine::Out32(port, value);
        break;
    }
  }
};

// Configuration space, and which of its buses are to be looked at.
struct Pci {
  std::unique_ptr<pci::ConfigSpace> config;
  std::vector<pci::BusRange> ranges;
  std::vector<pci::Function> functions;
  std::set<pci::Address> taken;
};

void FindConfigSpace(Pci& found) {
  std::vector<pci::EcamConfigSpace::Mapping> mappings;
  for (const acpi::EcamRange& range : internal::Firmware().ecam) {
    if (!machine::address_space.MapDevice(range.address(), range.bytes())) {
      Baremetal::WriteConsole("PCI: configuration space cannot be mapped\n");
      continue;
    }
    const pci::BusRange buses = {.segment = range.segment,
                                 .first = range.bus_first,
                                 .last = range.bus_last};
    mappings.push_back(
        {buses,
         {reinterpret_cast<volatile std::byte*>(range.address()),
          range.bytes()}});
    found.ranges.push_back(buses);
  }
  if (mappings.empty()) {
    found.config = std::make_unique<pci::PortConfigSpace>(MachinePorts());
    found.ranges.push_back({});
  } else {
    found.config =
        std::make_unique<pci::EcamConfigSpace>(std::move(mappings));
  }
}

// Never destroyed: the machine ends with it.
Pci& ThePci() {
  static Pci& pci = *[] {
    auto* found = new Pci;
    FindConfigSpace(*found);
    pci::Enumeration all = pci::Enumerate(*found->config, found->ranges,
                                          pci::Roots::kFirstBus);
    for (const std::string& note : all.notes) {
      Baremetal::WriteConsole("PCI: " + note + "\n");
    }
    found->functions = std::move(all.functions);
    return found;
  }();
  return pci;
}

}  // namespace

std::span<const pci::Function> PciFunctions() { return ThePci().functions; }

bool TakeFunction(const pci::Address& address) {
  return ThePci().taken.insert(address).second;
}
void LeaveFunction(const pci::Address& address) {
  ThePci().taken.erase(address);
}

pci::ConfigSpace& PciConfig() { return *ThePci().config; }

SpinLock& PciConfigLock() {
  static constinit SpinLock lock;
  return lock;
}

pci::Ports& MachinePorts() {
  static ProcessorPorts ports;
  return ports;
}

}  // namespace ebbrt::platform
