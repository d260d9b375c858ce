#include "platform/baremetal/statistics.h"

#include <atomic>
#include <cstdint>

#include "platform/baremetal/clock.h"
#include "platform/baremetal/console.h"
#include "platform/baremetal/cpu/instructions.h"
#include "platform/baremetal/cpu/processor.h"
#include "platform/baremetal/libc/system_calls.h"
#include "platform/baremetal/memory/frames.h"

namespace ebbrt::platform::machine {

// At the loader's jump (entry.S).
extern "C" {
uint64_t boot_tsc = 0;
}

namespace {

constinit std::atomic<bool> enabled{false};
constinit std::atomic<uint64_t> first_line_tsc{0};

uint64_t SystemCalls() {
  uint64_t sum = 0;
  const uint32_t count = processor_count.load(std::memory_order_relaxed);
  for (uint32_t i = 0; i < count; ++i) sum += ProcessorAt(i).system_call_count;
  return sum;
}

}  // namespace

void NoteConsoleLine() {
  if (first_line_tsc.load(std::memory_order_relaxed) != 0) return;
  first_line_tsc.store(ReadTsc(), std::memory_order_relaxed);
}

void EnableStatistics() { enabled.store(true, std::memory_order_relaxed); }

void WriteStatistics() {
  if (!enabled.load(std::memory_order_relaxed)) return;
  const uint64_t first_line = first_line_tsc.load(std::memory_order_relaxed);
  ConsoleWriter writer;
  auto field = [&](const char* name, uint64_t value) {
    writer.Text(",\"").Text(name).Text("\":").Decimal(value);
  };
  writer.Text("@ebbrt {\"event\":\"machine\"");
  field("processors", processor_count.load(std::memory_order_relaxed));
  field("cycles_per_second", CyclesPerSecond());
  field("total_cycles", ReadTsc() - boot_tsc);
  field("first_line_cycles", first_line == 0 ? 0 : first_line - boot_tsc);
  field("waited_cycles", WaitedCycles());
  field("system_calls", SystemCalls());
  field("unknown_system_calls", UnknownSystemCalls());
  field("memory_bytes", frames.total_bytes());
  field("memory_free_bytes", frames.free_bytes());
  writer.Text("}\n");
}

}  // namespace ebbrt::platform::machine
