#include "platform/baremetal/stop_sources.h"

#include <cstdint>
#include <optional>

#include "platform/baremetal/acpi/madt.h"
#include "platform/baremetal/console.h"
#include "platform/baremetal/cpu/interrupts.h"
#include "platform/baremetal/cpu/processor.h"
#include "platform/baremetal/firmware.h"
#include "platform/baremetal/io_apic.h"
#include "platform/baremetal/libc/system_calls.h"
#include "platform/baremetal/stop_request.h"

namespace ebbrt::platform::internal {
namespace {

constexpr uint8_t kConsoleIrq = 4;  // COM1's.
constexpr char kStop = 3;           // What a terminal sends for Ctrl-C.

void ReadConsole(void*) {
  while (const std::optional<char> typed = machine::TakeConsoleInput()) {
    if (*typed == kStop) RequestStop();
  }
}

}  // namespace

void TakeStopSignals() {
  const uint8_t vector =
      machine::AllocateVector(machine::InterruptKind::kEdge,
                              [](void*) { RequestStop(); }, nullptr);
  if (vector != 0) machine::SetStopVector(vector);
}

void ListenToConsole() {
  const acpi::Machine& firmware = Firmware();
  if (!firmware.madt) return;
  const uint8_t vector = machine::AllocateVector(machine::InterruptKind::kEdge,
                                                 ReadConsole, nullptr);
  if (vector == 0) return;
  if (!RouteLine(*firmware.madt, firmware.madt->IsaLine(kConsoleIrq), vector,
                 machine::CurrentProcessor().apic_id)) {
    machine::FreeVector(machine::CurrentProcessor(), vector);
    return;
  }
  machine::EnableConsoleInput();
}

}  // namespace ebbrt::platform::internal
