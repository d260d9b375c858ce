// Has the processor fetch what the next events will need, before they happen.
//
// In a simulation of many cores each event finds what it is about in memory,
// not in the caches; but which events come next is known. So while one happens,
// memory is already asked for those that follow, in steps, since one address
// stands behind another:
//
//                   an action           a core's turn
//   first           its first lines     the same
//   step 0          Fetch(0)            node, table, first interrupt
//   step 1          Fetch(1)            core's services; FetchServe(1)
//   steps 2, 3      Fetch(...)          FetchServe(...)
//
// It only asks: what has been moved or cancelled meanwhile, or comes too soon
// to have passed all steps, is as right as ever, and slower.
//
// Cores: the host thread that simulates. Blocks, allocates: never.
// Bound: kEventAhead events ahead; nothing where there are kFewEvents.
// Source: Chen, Ailamaki, Gibbons, Mowry, "Improving hash join performance
// through prefetching", ICDE 2004 (prefetching in stages).
#ifndef EBBRT_PLATFORM_SIM_FETCH_AHEAD_H_
#define EBBRT_PLATFORM_SIM_FETCH_AHEAD_H_

#include <array>
#include <cstddef>

#include "core/base/types.h"
#include "platform/sim/event_queue.h"

namespace ebbrt::platform {

// How many events ahead the steps are taken. Far enough that memory answers
// between two of them, near enough that the caches keep what has come.
inline constexpr size_t kEventAhead = 24;
inline constexpr std::array<size_t, SimAction::kFetchSteps> kStepAhead = {
    18, 12, 7, 3};
static_assert(kEventAhead < EventQueue::kAheadMin);
// What fewer events are about, the caches hold.
inline constexpr size_t kFewEvents = 512;

// Asks for a cache line of an object, or for its first ones.
inline void FetchLine(const void* object, size_t line) {
  __builtin_prefetch(static_cast<const char*>(object) + line * kCacheLineBytes);
}
inline void FetchLines(const void* object, size_t count) {
  for (size_t line = 0; line < count; ++line) FetchLine(object, line);
}

// To be called once an event, with a queue of actions and of SimCores.
void FetchAhead(const EventQueue& queue);

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_FETCH_AHEAD_H_
