// libFuzzer chooses what stands in the tables.
#include <cstddef>
#include <cstdint>

#include "platform/baremetal/acpi/machine_exercise.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  ebbrt::platform::acpi::testing::ExerciseMachine({data, bytes});
  return 0;
}
