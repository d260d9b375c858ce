// The Linux platform: a process whose cores are threads, each pinned to a
// processor of its own.
//
// This is the contract (platform/contract.h, where the meaning of each function
// stands); what is only Linux's business is in the other headers of this
// folder.
//
// Cores, blocks, allocates, errors: as the contract says. RunNode makes one
// thread a core and needs, for each, 32 GiB of address space and two
// descriptors.
#ifndef EBBRT_PLATFORM_LINUX_LINUX_H_
#define EBBRT_PLATFORM_LINUX_LINUX_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/types.h"
#include "platform/contract.h"
#include "platform/linux/thread_state.h"

namespace ebbrt::platform {

struct Linux {
  // Cores.
  static int RunNode(const NodeOptions& options, const CoreProgram& program);
  static uint32_t CoreCount() noexcept { return internal::core_count; }
  static bool OnCore() noexcept {
    return internal::thread_state.core != nullptr;
  }
  static CoreId CurrentCore() noexcept {
    return internal::thread_state.core_id;
  }
  static void Wake(CoreId core) noexcept;
  static void Exit(int code) noexcept;

  // Idle.
  static bool ServiceInterrupts() {
    return internal::thread_state.pending() && RunInterrupt();
  }
  static bool Wait(Time deadline);

  // Clock.
  static Time Now() noexcept;
  static Duration WallClock() noexcept;
  static uint64_t Cycles() noexcept { return __builtin_ia32_rdtsc(); }
  static uint64_t CyclesPerSecond() noexcept;
  static void EndEvent(uint32_t, uint64_t) noexcept {}

  // Translation. A constant static number is looked up in the thread's own
  // storage, which every thread has. Any other number is looked up behind %gs,
  // which only cores have: a thread that a core makes inherits the core's, and
  // must not ask.
  [[gnu::always_inline]] static void* Representative(uint64_t number) noexcept {
    if (__builtin_constant_p(number)) {
      if (number < kStaticEbbNumbers) {
        return internal::thread_state.static_representatives[number];
      }
    }
    void* representative;
    // Volatile, as the value changes behind the compiler's back.
    asm volatile("movq %%gs:(,%1,8), %0"
                 : "=r"(representative)
                 : "r"(number));
    return representative;
  }
  static bool SetRepresentative(EbbNumber number,
                                void* representative) noexcept;

  // Pages.
  static constexpr size_t kPageBytes = 4096;
  static void* ReservePages(size_t bytes, size_t alignment) noexcept;
  static void UnreservePages(void* address, size_t bytes) noexcept;
  static bool CommitPages(void* address, size_t bytes, uint32_t node) noexcept;
  static void DecommitPages(void* address, size_t bytes) noexcept;
  static uint32_t NumaNodeCount() noexcept;
  static uint32_t CurrentNumaNode() noexcept;
  static void SetPageFaultHandler(bool (*on_fault)(void* address)) noexcept;

  // Surroundings.
  static void WriteConsole(std::string_view text) noexcept;
  static void FillEntropy(std::span<std::byte> bytes) noexcept;
  static void SetStopHandler(void (*on_stop)(void* context),
                             void* context) noexcept;
  static constexpr Feature kFeatures = Feature::kPageFaults | Feature::kNuma;

 private:
  // Runs one pending interrupt, if there is one after all.
  static bool RunInterrupt();
};
static_assert(Platform<Linux>);

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_LINUX_LINUX_H_
