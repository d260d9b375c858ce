// Puts IOBuf chains through arbitrary operations, next to plain strings that
// say what each must contain, and fails a check where the two differ.
//
// Cores: any, also none. Blocks: no. Allocates: yes, and is refused now and
// then where the choices say so. Bound: kExercisedBytesMax a chain.
#ifndef EBBRT_CORE_BUF_CHAIN_EXERCISE_H_
#define EBBRT_CORE_BUF_CHAIN_EXERCISE_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace ebbrt::testing {

// No chain is let grow beyond that.
inline constexpr size_t kExercisedBytesMax = 4096;

// What to do is read from `choices`, whatever stands there, to their end.
void ExerciseChains(std::span<const uint8_t> choices);

}  // namespace ebbrt::testing

#endif  // EBBRT_CORE_BUF_CHAIN_EXERCISE_H_
