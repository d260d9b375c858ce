// libFuzzer chooses what a host is sent.
#include <cstddef>
#include <cstdint>

#include "core/net/tcp/input_exercise.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  ebbrt::tcp::testing::ExerciseInput({data, bytes});
  return 0;
}
