// What comes up once the C library stands, before anything of the program.
#include <cstdint>
#include <string_view>

#include "platform/baremetal/cpu/application_processors.h"
#include "platform/baremetal/cpu/instructions.h"
#include "platform/baremetal/cpu/processor.h"

namespace ebbrt::platform {
namespace {

// How many processors QEMU says that there are; one on other machines.
uint32_t ReadProcessorCount() {
  constexpr uint16_t kSelector = 0x510;
  constexpr uint16_t kData = 0x511;
  constexpr uint16_t kSignature = 0;
  constexpr uint16_t kProcessors = 5;
  char signature[4];
  machine::Out16(kSelector, kSignature);
  machine::InString(kData, signature, sizeof(signature));
  if (std::string_view(signature, sizeof(signature)) != "QEMU") return 1;
  uint16_t count;
  machine::Out16(kSelector, kProcessors);
  machine::InString(kData, &count, sizeof(count));
  return count;
}

void BringUp() {
  uint32_t ids[machine::kProcessorsMax];
  uint32_t count = ReadProcessorCount();
  if (count > machine::kProcessorsMax) count = machine::kProcessorsMax;
  for (uint32_t i = 0; i < count; ++i) ids[i] = i;
  machine::StartProcessors(ids, count);
}

// Before all constructors, but with the C library's own start behind.
[[gnu::section(".preinit_array"), gnu::used]] void (*const bring_up)() =
    BringUp;

}  // namespace
}  // namespace ebbrt::platform
