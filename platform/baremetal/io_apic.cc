#include "platform/baremetal/io_apic.h"

#include "platform/baremetal/memory/address_space.h"

namespace ebbrt::platform::internal {
namespace {

// A register is chosen by one word of memory, and accessed by another.
constexpr uint64_t kSelect = 0x00;
constexpr uint64_t kWindow = 0x10;
constexpr uint64_t kBytes = 0x20;

constexpr uint32_t kVersion = 1;
constexpr uint32_t kFirstEntry = 0x10;
constexpr uint32_t kActiveLow = 1u << 13;
constexpr uint32_t kByLevel = 1u << 15;
constexpr uint32_t kMasked = 1u << 16;
constexpr int kDestinationShift = 24;
constexpr uint32_t kApicIdMax = 0xff;

class IoApic {
 public:
  explicit IoApic(uint64_t address) : address_(address) {}

  uint32_t line_count() { return (Read(kVersion) >> 16 & 0xff) + 1; }

  void SetLine(uint32_t line, uint32_t low, uint32_t high) {
    Write(kFirstEntry + 2 * line + 1, high);
    Write(kFirstEntry + 2 * line, low);
  }

 private:
  volatile uint32_t& At(uint64_t offset) {
    return *reinterpret_cast<volatile uint32_t*>(address_ + offset);
  }
  uint32_t Read(uint32_t number) {
    At(kSelect) = number;
    return At(kWindow);
  }
  void Write(uint32_t number, uint32_t value) {
    At(kSelect) = number;
    At(kWindow) = value;
  }

  const uint64_t address_;
};

bool SetLine(const acpi::Madt& madt, const acpi::InterruptLine& line,
             uint32_t low, uint32_t high) {
  for (const acpi::Madt::IoApic& found : madt.io_apics) {
    if (line.gsi < found.gsi_base ||
        !machine::address_space.MapDevice(found.address, kBytes)) {
      continue;
    }
    IoApic io_apic(found.address);
    const uint32_t number = line.gsi - found.gsi_base;
    if (number >= io_apic.line_count()) continue;
    io_apic.SetLine(number, low, high);
    return true;
  }
  return false;
}

}  // namespace

bool RouteLine(const acpi::Madt& madt, const acpi::InterruptLine& line,
               uint8_t vector, uint32_t apic_id) {
  if (apic_id > kApicIdMax) return false;
  return SetLine(
      madt, line,
      vector | (line.polarity == acpi::Polarity::kActiveLow ? kActiveLow : 0) |
          (line.trigger == acpi::Trigger::kLevel ? kByLevel : 0),
      apic_id << kDestinationShift);
}

bool MaskLine(const acpi::Madt& madt, const acpi::InterruptLine& line) {
  return SetLine(madt, line, kMasked, 0);
}

}  // namespace ebbrt::platform::internal
