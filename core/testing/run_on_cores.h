// Brings a node up for one test, runs a function in it, takes it down.
//
//   TEST(Thing, Works) {
//     RunOnCores(2, [] { EXPECT_TRUE(...Block().ok()); });
//   }
//
// Cores: called from a test, off any core; the function is an event of core 0
// and may block. The node ends when it returns. Its seed is printed, and
// EBBRT_SEED=N in the environment replays it. Where the machine has too few
// cores the test is skipped.
// Blocks: until the node has ended. Errors: a node that ends otherwise is a
// failed check.
#ifndef EBBRT_CORE_TESTING_RUN_ON_CORES_H_
#define EBBRT_CORE_TESTING_RUN_ON_CORES_H_

#include <cstdint>

#include "core/base/unique_function.h"
#include "core/testing/seed.h"  // IWYU pragma: export

namespace ebbrt::testing {

void RunOnCores(uint32_t core_count, UniqueFunction<void()> function);

}  // namespace ebbrt::testing

#endif  // EBBRT_CORE_TESTING_RUN_ON_CORES_H_
