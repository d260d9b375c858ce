// Has bytes choose what a host is sent, what its application does and how time
// passes, and checks what must hold whatever comes.
//
// The peer's stream and ours are known, so that every byte passed up or sent is
// checked; the window's edge never goes back; a host that is given up holds
// nothing.
//
// Cores: one. Ownership: none. Blocks: never. Allocates: yes.
// Bound: the steps that the bytes make. Errors: failed checks.
#ifndef EBBRT_CORE_NET_TCP_INPUT_EXERCISE_H_
#define EBBRT_CORE_NET_TCP_INPUT_EXERCISE_H_

#include <cstdint>
#include <span>

namespace ebbrt::tcp::testing {

void ExerciseInput(std::span<const uint8_t> bytes);

}  // namespace ebbrt::tcp::testing

#endif  // EBBRT_CORE_NET_TCP_INPUT_EXERCISE_H_
