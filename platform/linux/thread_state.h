// What a thread knows about itself, where the contract's inlined functions
// find it in one load.
//
// Cores: each thread has its own; off a core everything is null.
// Ownership: the core's thread writes it. Blocks, allocates: never: it is
// constant-initialised and in the executable's own TLS block, so that malloc,
// and code that runs before main, may read it.
#ifndef EBBRT_PLATFORM_LINUX_THREAD_STATE_H_
#define EBBRT_PLATFORM_LINUX_THREAD_STATE_H_

#include <atomic>
#include <cstdint>

#include "core/base/types.h"
#include "platform/contract.h"

namespace ebbrt::platform::internal {

struct Core;

// How far a core's interrupts have been posted and taken. The two counters are
// a ring's (of io_uring, shared with the kernel, or our own).
struct InterruptCounters {
  const uint32_t* posted = nullptr;
  const uint32_t* taken = nullptr;
};

struct ThreadState {
  // The entries of the static Ebbs. Those of the table behind %gs are the
  // same.
  void* static_representatives[kStaticEbbNumbers] = {};
  Core* core = nullptr;
  CoreId core_id;
  uint32_t numa_node = 0;
  InterruptCounters counters;
  // Set by other threads: there is something to do that no counter shows.
  const std::atomic<bool>* attention = nullptr;

  // Whether an interrupt may be pending. REQUIRES: the thread is a core.
  bool pending() const {
    // Acquire: pairs with the release by which the kernel posts.
    return __atomic_load_n(counters.posted, __ATOMIC_ACQUIRE) !=
               *counters.taken ||
           attention->load(std::memory_order_relaxed);
  }
};

// Local-exec: one `mov %fs:offset` and no call. It holds because a program of
// this project is one image.
extern constinit thread_local ThreadState thread_state
    __attribute__((tls_model("local-exec")));

// Of the node that runs at present. Written before its threads start.
extern constinit uint32_t core_count;

}  // namespace ebbrt::platform::internal

#endif  // EBBRT_PLATFORM_LINUX_THREAD_STATE_H_
