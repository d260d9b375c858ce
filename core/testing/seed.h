// The seed of this process's tests.
//
// Cores: any, any thread. Blocks: no.
#ifndef EBBRT_CORE_TESTING_SEED_H_
#define EBBRT_CORE_TESTING_SEED_H_

#include <cstdint>

namespace ebbrt::testing {

// EBBRT_SEED of the environment, which replays a run, or a fresh one. The
// first call prints it.
uint64_t Seed();

}  // namespace ebbrt::testing

#endif  // EBBRT_CORE_TESTING_SEED_H_
