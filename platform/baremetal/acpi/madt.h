// The MADT: the processors and interrupt controllers of a machine.
//
// Cores: one at a time. Blocks: no. Allocates: yes. Ownership: values.
// Bound: kProcessorsMax, kIoApicsMax; a table with more is an error.
// Errors: kInvalidArgument, with table and offset. Entries of other types
// (NMI sources, other architectures) are skipped.
// Source: ACPI 6.5, section 5.2.12.
#ifndef EBBRT_PLATFORM_BAREMETAL_ACPI_MADT_H_
#define EBBRT_PLATFORM_BAREMETAL_ACPI_MADT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "platform/baremetal/acpi/table.h"

namespace ebbrt::platform::acpi {

inline constexpr size_t kProcessorsMax = 4096;
inline constexpr size_t kIoApicsMax = 256;
inline constexpr uint32_t kIsaInterrupts = 16;

// How a line signals an interrupt. kOfBus: as lines of its bus do.
enum class Polarity : uint8_t { kOfBus, kActiveHigh, kActiveLow };
enum class Trigger : uint8_t { kOfBus, kEdge, kLevel };

// A line into the IO APICs, by its global system interrupt number.
struct InterruptLine {
  uint32_t gsi;
  Polarity polarity;
  Trigger trigger;

  friend bool operator==(const InterruptLine&, const InterruptLine&) = default;
};

struct Madt {
  struct Processor {
    uint32_t apic_id;
    // The number by which AML calls it.
    uint32_t uid;
    // It is there, and can be started.
    bool enabled;
    // Not now, but it may be enabled while the machine runs.
    bool online_capable;
  };
  struct IoApic {
    uint8_t id;
    uint64_t address;
    // The interrupt of its first line.
    uint32_t gsi_base;
  };
  struct Override {
    uint8_t isa_irq;
    InterruptLine line;
  };

  // Physical.
  uint64_t local_apic_address = 0;
  // There are two 8259 as well, which have to be masked.
  bool has_8259 = false;
  // Each APIC id once, also if it is listed as xAPIC and as x2APIC; in the
  // order of the table, which is the one to start them in.
  std::vector<Processor> processors;
  std::vector<IoApic> io_apics;
  // Of ISA interrupts; at most one each.
  std::vector<Override> overrides;

  // The line of an ISA interrupt (of a timer, a UART): where and how an
  // override says, or of its own number, active high and by edge.
  InterruptLine IsaLine(uint8_t irq) const;
  // The same for the interrupt of ACPI events (Fadt::sci_irq), whose default
  // is active low and by level.
  InterruptLine SciLine(uint16_t irq) const;
};

// REQUIRES: the table's signature is "APIC".
absl::StatusOr<Madt> ReadMadt(const Table& table);

}  // namespace ebbrt::platform::acpi

#endif  // EBBRT_PLATFORM_BAREMETAL_ACPI_MADT_H_
