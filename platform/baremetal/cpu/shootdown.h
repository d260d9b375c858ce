// Making all processors forget what the page table has said.
//
// Cores: any, from one at a time (AddressSpace's lock). Blocks: until all have
// forgotten. They are told by an NMI, for their interrupts are off but in
// their loops' windows, and what they run has no bound.
// Source: AMD64 APM volume 2, section 7.3.
#ifndef EBBRT_PLATFORM_BAREMETAL_CPU_SHOOTDOWN_H_
#define EBBRT_PLATFORM_BAREMETAL_CPU_SHOOTDOWN_H_

#include <cstdint>

namespace ebbrt::platform::machine {

void ForgetTranslations(uint64_t address, uint64_t bytes);

// How often that was done: what software remembers of the page table is of an
// epoch. Any core, without a lock: memory that is the caller's came to it with
// the epochs before.
uint64_t TranslationEpoch();

// By the NMI: whether it was one of these.
bool HandleShootdown();

// While it lives, its processor waits and need not be told: it reads and writes
// nothing that may be taken away, and forgets all once, at the end, where it
// has missed something. So shootdowns do not wait for who sleeps, which keeps a
// machine of many virtual processors going.
// Cores: on the one that waits. Nests: no. An interrupt's handler may run
// meanwhile; what it uses stays where it is.
class ForgetsLater {
 public:
  ForgetsLater();
  ~ForgetsLater();
  ForgetsLater(const ForgetsLater&) = delete;
  ForgetsLater& operator=(const ForgetsLater&) = delete;
};

}  // namespace ebbrt::platform::machine

#endif  // EBBRT_PLATFORM_BAREMETAL_CPU_SHOOTDOWN_H_
