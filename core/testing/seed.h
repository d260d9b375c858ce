// The seed of this process's tests.
//
// Under --gtest_repeat=N (or GTEST_REPEAT) each repetition has its own: the
// first seed, the next one, and so on. So EBBRT_SEED=N, without repetition,
// replays the one that failed.
//
// Cores: any, any thread; SetSeedRepetition between tests. Blocks: no.
#ifndef EBBRT_CORE_TESTING_SEED_H_
#define EBBRT_CORE_TESTING_SEED_H_

#include <cstdint>

namespace ebbrt::testing {

// EBBRT_SEED of the environment, or a fresh one; the first call of each
// repetition prints it.
uint64_t Seed();

// The tests begin again, as repetition `number` from 0.
void SetSeedRepetition(uint64_t number);

}  // namespace ebbrt::testing

#endif  // EBBRT_CORE_TESTING_SEED_H_
