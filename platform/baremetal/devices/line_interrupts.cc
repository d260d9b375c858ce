#include "platform/baremetal/devices/line_interrupts.h"

#include <array>
#include <mutex>

#include "core/base/spin_lock.h"
#include "platform/baremetal/cpu/interrupts.h"
#include "platform/baremetal/cpu/processor.h"
#include "platform/baremetal/firmware.h"
#include "platform/baremetal/io_apic.h"

namespace ebbrt::platform {
namespace {

struct Sharer {
  DeviceHandler handler = nullptr;  // Null: a free place.
  void* context = nullptr;
};

struct Line {
  uint8_t vector = 0;  // 0: not in use.
  machine::Processor* processor = nullptr;
  std::array<Sharer, kLineSharersMax> sharers = {};
};

// By what firmware notes. What a handler reads of it is written on its own
// core, or while that runs no loop.
struct Lines {
  SpinLock lock;
  std::array<Line, kLinesMax> lines = {};
};
constinit Lines all;

// Between two looks at them all, a line that is active has come from one that
// was looked at already: so it is quiet once nobody had anything. A device that
// is never quiet gets its turn again with the next interrupt.
constexpr int kRoundsMax = 4;

void ServeLine(void* context) {
  const Line& line = *static_cast<const Line*>(context);
  bool found = true;
  for (int round = 0; found && round < kRoundsMax; ++round) {
    found = false;
    for (const Sharer& sharer : line.sharers) {
      if (sharer.handler != nullptr) found |= sharer.handler(sharer.context);
    }
  }
}

// As firmware says, or else as PCI has it.
acpi::InterruptLine Wiring(const acpi::Madt& madt, uint8_t noted_line) {
  for (const acpi::Madt::Override& other : madt.overrides) {
    if (other.isa_irq != noted_line) continue;
    acpi::InterruptLine line = other.line;
    if (line.polarity == acpi::Polarity::kOfBus) {
      line.polarity = acpi::Polarity::kActiveLow;
    }
    line.trigger = acpi::Trigger::kLevel;
    return line;
  }
  return {.gsi = noted_line,
          .polarity = acpi::Polarity::kActiveLow,
          .trigger = acpi::Trigger::kLevel};
}

absl::Status Open(Line& line, uint8_t noted_line) {
  const acpi::Machine& firmware = internal::Firmware();
  if (!firmware.madt) return absl::UnavailableError("no I/O APIC is known");
  const uint8_t vector = machine::AllocateVector(
      machine::InterruptKind::kLevel, ServeLine, &line);
  if (vector == 0) return absl::ResourceExhaustedError("no vector is left");
  line.processor = &machine::CurrentProcessor();
  if (!internal::RouteLine(*firmware.madt, Wiring(*firmware.madt, noted_line),
                           vector, line.processor->apic_id)) {
    machine::FreeVector(*line.processor, vector);
    return absl::UnavailableError("no I/O APIC has the device's line");
  }
  line.vector = vector;
  return absl::OkStatus();
}

}  // namespace

absl::Status AddToLine(uint8_t noted_line, DeviceHandler handler,
                       void* context) {
  if (noted_line == 0 || noted_line >= kLinesMax) {
    return absl::UnavailableError("firmware has noted no line of the device");
  }
  std::scoped_lock guard(all.lock);
  Line& line = all.lines[noted_line];
  if (line.vector != 0 && line.processor != &machine::CurrentProcessor()) {
    return absl::UnavailableError("the device's line is another core's");
  }
  for (Sharer& sharer : line.sharers) {
    if (sharer.handler != nullptr) continue;
    sharer = {handler, context};
    if (line.vector != 0) return absl::OkStatus();
    const absl::Status opened = Open(line, noted_line);
    if (!opened.ok()) sharer = {};
    return opened;
  }
  return absl::ResourceExhaustedError("too many devices share a line");
}

void RemoveFromLine(uint8_t noted_line, void* context) {
  std::scoped_lock guard(all.lock);
  Line& line = all.lines[noted_line];
  bool in_use = false;
  for (Sharer& sharer : line.sharers) {
    if (sharer.context == context) sharer = {};
    in_use |= sharer.handler != nullptr;
  }
  if (in_use || line.vector == 0) return;
  internal::MaskLine(*internal::Firmware().madt,
                     Wiring(*internal::Firmware().madt, noted_line));
  machine::FreeVector(*line.processor, line.vector);
  line.vector = 0;
}

}  // namespace ebbrt::platform
