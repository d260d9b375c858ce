// The FADT: fixed hardware, which is there to start, time, reset and turn off
// a PC.
//
// Cores: any. Blocks: no. Allocates: messages of errors. Ownership: values.
// Errors: kInvalidArgument if the table is too short for ACPI 1.0. A register
// that is absent, or where no access can reach it, is none.
// Source: ACPI 6.5, sections 5.2.9 (FADT), 4.8.3 (the registers).
#ifndef EBBRT_PLATFORM_BAREMETAL_ACPI_FADT_H_
#define EBBRT_PLATFORM_BAREMETAL_ACPI_FADT_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "platform/baremetal/acpi/generic_address.h"
#include "platform/baremetal/acpi/table.h"

namespace ebbrt::platform::acpi {

inline constexpr uint32_t kPmTimerHertz = 3579545;

// Bits of the PM1 status and enable registers, which are two bytes each.
inline constexpr uint16_t kPm1PowerButton = 1u << 8;
// Of the PM1 control register: ACPI mode, in which events arrive as SCI.
inline constexpr uint16_t kPm1SciEnabled = 1u << 0;

struct Fadt {
  // A counter of kPmTimerHertz, read in four bytes.
  struct PmTimer {
    GenericAddress address;
    uint32_t bits;  // How many of them count: 24 or 32.
  };
  // Writing the value to the port leads from legacy to ACPI mode; the mode has
  // been reached when kPm1SciEnabled is set.
  struct AcpiEnable {
    uint16_t port;
    uint8_t value;
  };
  // A status bit is cleared by writing it as one.
  struct Pm1Event {
    GenericAddress status;
    GenericAddress enable;
  };

  // Physical, of the DSDT; 0 if there is none.
  uint64_t dsdt_address = 0;
  // There is no fixed hardware: all PM1 registers and the PM timer are none.
  bool hardware_reduced = false;

  // The interrupt of ACPI events; see Madt::SciLine.
  uint16_t sci_irq = 0;
  // None if the machine is in ACPI mode from the start.
  std::optional<AcpiEnable> acpi_enable;
  std::optional<PmTimer> pm_timer;
  // Registers may be split over two blocks of the same form. An event is in
  // either; control is written to both.
  std::optional<Pm1Event> pm1a_event, pm1b_event;
  std::optional<GenericAddress> pm1a_control, pm1b_control;
  // The power button is the bit kPm1PowerButton of the events. Otherwise it is
  // a device that only AML knows, or there is none.
  bool has_fixed_power_button = false;

  // Of hardware-reduced machines.
  std::optional<GenericAddress> sleep_control;
  // Resets the machine.
  std::optional<RegisterWrite> reset;

  bool has_8042 = true;      // A keyboard controller, which can also reset.
  bool has_vga = true;       // Its text memory may be probed.
  bool has_cmos_rtc = true;  // A clock behind ports 0x70 and 0x71.
  bool has_msi = true;       // Messages may be enabled.
  // The register of that clock that holds the century; 0 if none does.
  uint8_t century_register = 0;
};

// REQUIRES: the table's signature is "FACP".
absl::StatusOr<Fadt> ReadFadt(const Table& table);

}  // namespace ebbrt::platform::acpi

#endif  // EBBRT_PLATFORM_BAREMETAL_ACPI_FADT_H_
