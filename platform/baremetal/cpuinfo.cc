#include "platform/baremetal/cpuinfo.h"

#include <cstdint>
#include <string>
#include <utility>

#include "platform/baremetal/clock.h"
#include "platform/baremetal/cpu/instructions.h"
#include "platform/baremetal/cpu/processor.h"
#include "platform/baremetal/libc/files.h"

namespace ebbrt::platform::internal {
namespace {

// The processor's own name for itself; AMD64 APM volume 3, appendix E.4.3.
std::string ModelName() {
  constexpr uint32_t kFirst = 0x80000002;
  constexpr uint32_t kLast = 0x80000004;
  if (machine::Cpuid(0x80000000).a < kLast) return "x86-64";
  std::string name;
  for (uint32_t leaf = kFirst; leaf <= kLast; ++leaf) {
    const machine::CpuidResult part = machine::Cpuid(leaf);
    name.append(reinterpret_cast<const char*>(&part), sizeof(part));
  }
  return name.c_str();  // Up to the first zero.
}

}  // namespace

void WriteCpuinfo() {
  const std::string model = ModelName();
  const std::string mhz =
      std::to_string(machine::CyclesPerSecond() / 1000000) + ".000";
  std::string text;
  const uint32_t count = machine::processor_count.load();
  for (uint32_t i = 0; i < count; ++i) {
    text += "processor\t: " + std::to_string(i) + "\nmodel name\t: " + model +
            "\ncpu MHz\t\t: " + mhz + "\ncpu cores\t: " +
            std::to_string(count) + "\n\n";
  }
  // Never freed: it is the file.
  auto* contents = new std::string(std::move(text));
  machine::AddFile("/proc/cpuinfo", contents->data(), contents->size());
}

}  // namespace ebbrt::platform::internal
