// libFuzzer chooses what is done to the chains:
//   bazel run --config=fuzz //core/buf:iobuf_chain_fuzzer -- -max_total_time=60
#include <cstddef>
#include <cstdint>

#include "core/buf/chain_exercise.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  ebbrt::testing::ExerciseChains({data, bytes});
  return 0;
}
