// What comes up once the C library stands, before anything of the program.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "core/base/check.h"
#include "platform/baremetal/cpu/application_processors.h"
#include "platform/baremetal/cpu/crash.h"
#include "platform/baremetal/cpu/processor.h"
#include "platform/baremetal/cpuinfo.h"
#include "platform/baremetal/firmware.h"
#include "platform/baremetal/statistics.h"
#include "platform/baremetal/stop_sources.h"

namespace ebbrt::platform {
namespace {

void StartOtherProcessors(const acpi::Machine& firmware) {
  if (!firmware.madt) return;
  std::vector<uint32_t> ids;
  for (const acpi::Madt::Processor& processor : firmware.madt->processors) {
    if (processor.enabled) ids.push_back(processor.apic_id);
  }
  machine::StartProcessors(ids.data(), ids.size());
}

void PlaceProcessors(const acpi::Machine& firmware) {
  if (!firmware.numa) return;
  const uint32_t count = machine::processor_count.load();
  for (uint32_t i = 0; i < count; ++i) {
    machine::Processor& processor = machine::ProcessorAt(i);
    const auto node = firmware.numa->NodeOfProcessor(processor.apic_id);
    if (node && *node < machine::kNumaNodesMax) processor.numa_node = *node;
  }
}

void BringUp() {
  if (std::getenv("EBBRT_MACHINE_STATISTICS") != nullptr) {
    machine::EnableStatistics();
  }
  machine::SetCrashNote(&ebbrt::internal::TellMoreOnce);
  internal::ReadFirmware();
  StartOtherProcessors(internal::Firmware());
  PlaceProcessors(internal::Firmware());
  internal::ListenToConsole();
  internal::TakeStopSignals();
  internal::WriteCpuinfo();
}

// Before all constructors, but with the C library's own start behind.
[[gnu::section(".preinit_array"), gnu::used]] void (*const bring_up)() =
    BringUp;

}  // namespace
}  // namespace ebbrt::platform
