// libFuzzer chooses what is done to the chains.
#include <cstddef>
#include <cstdint>

#include "core/buf/chain_exercise.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  ebbrt::testing::ExerciseChains({data, bytes});
  return 0;
}
