#include "platform/baremetal/acpi/fadt.h"

#include <cstddef>

namespace ebbrt::platform::acpi {
namespace {

constexpr size_t kBytesMin = 116;  // As of ACPI 1.0.
// The first revision that has flags for legacy devices, and the register for
// resets.
constexpr uint8_t kRevisionAcpi2 = 3;

// Flags, at offset 112.
constexpr uint32_t kNoFixedPowerButton = 1u << 4;
constexpr uint32_t kWidePmTimer = 1u << 8;
constexpr uint32_t kHasReset = 1u << 10;
constexpr uint32_t kHardwareReduced = 1u << 20;

// IA-PC boot architecture flags, at offset 109.
constexpr uint16_t kHas8042 = 1u << 1;
constexpr uint16_t kNoVga = 1u << 2;
constexpr uint16_t kNoMsi = 1u << 3;
constexpr uint16_t kNoCmosRtc = 1u << 5;

// A block of registers that has a field of 32 bits and, where that does not
// suffice, an extended one, which then counts.
std::optional<GenericAddress> ReadBlock(const Fields& fields,
                                        size_t extended_offset, size_t offset,
                                        size_t bytes) {
  std::optional<GenericAddress> extended =
      ReadGenericAddress(fields, extended_offset, bytes);
  return extended.has_value() ? extended : ReadPort(fields, offset, bytes);
}

// The two halves of a block of events.
std::optional<Fadt::Pm1Event> ReadEvent(const Fields& fields,
                                        size_t extended_offset,
                                        size_t offset) {
  constexpr size_t kBlockBytesMin = 4;
  size_t bytes = fields.Get<uint8_t>(88);
  if (bytes < kBlockBytesMin) return std::nullopt;
  std::optional<GenericAddress> block =
      ReadBlock(fields, extended_offset, offset, bytes);
  if (!block.has_value()) return std::nullopt;
  return Fadt::Pm1Event{*block, block->After(bytes / 2)};
}

void ReadFixedHardware(const Fields& fields, Fadt& fadt) {
  constexpr size_t kControlBytes = 2;
  constexpr size_t kTimerBytes = 4;
  uint32_t flags = fields.Get<uint32_t>(112);
  fadt.sci_irq = fields.Get<uint16_t>(46);
  uint8_t enable_value = fields.Get<uint8_t>(52);
  if (auto port = ReadPort(fields, 48, 1); port.has_value() && enable_value) {
    fadt.acpi_enable = {static_cast<uint16_t>(port->address), enable_value};
  }
  if (auto timer = ReadBlock(fields, 208, 76, kTimerBytes)) {
    fadt.pm_timer = {*timer, (flags & kWidePmTimer) != 0 ? 32u : 24u};
  }
  fadt.pm1a_event = ReadEvent(fields, 148, 56);
  fadt.pm1b_event = ReadEvent(fields, 160, 60);
  fadt.pm1a_control = ReadBlock(fields, 172, 64, kControlBytes);
  fadt.pm1b_control = ReadBlock(fields, 184, 68, kControlBytes);
  fadt.has_fixed_power_button =
      (flags & kNoFixedPowerButton) == 0 && fadt.pm1a_event.has_value();
}

}  // namespace

absl::StatusOr<Fadt> ReadFadt(const Table& table) {
  const Fields& fields = table.fields();
  if (fields.size() < kBytesMin) return table.Error(4, "too short");
  Fadt fadt;
  fadt.dsdt_address = fields.Get<uint64_t>(140);
  if (fadt.dsdt_address == 0) fadt.dsdt_address = fields.Get<uint32_t>(40);
  fadt.century_register = fields.Get<uint8_t>(108);

  uint32_t flags = fields.Get<uint32_t>(112);
  fadt.hardware_reduced = (flags & kHardwareReduced) != 0;
  if (fadt.hardware_reduced) {
    fadt.sleep_control = ReadGenericAddress(fields, 244, 1);
  } else {
    ReadFixedHardware(fields, fadt);
  }
  if (auto reset = ReadGenericAddress(fields, 116, 1);
      reset.has_value() && (flags & kHasReset) != 0) {
    fadt.reset = {*reset, 1, 0, fields.Get<uint8_t>(128)};
  }
  // Before there were flags, every PC had these devices.
  if (table.revision() >= kRevisionAcpi2) {
    uint16_t boot = fields.Get<uint16_t>(109);
    fadt.has_8042 = (boot & kHas8042) != 0;
    fadt.has_vga = (boot & kNoVga) == 0;
    fadt.has_msi = (boot & kNoMsi) == 0;
    fadt.has_cmos_rtc = (boot & kNoCmosRtc) == 0;
  }
  return fadt;
}

}  // namespace ebbrt::platform::acpi
