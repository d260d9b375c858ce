// The bare-metal platform: a machine of its own, whose cores are its
// processors.
//
// This is the contract (platform/contract.h, where the meaning of each function
// stands); the machine below it is in the folders beside this file.
//
// Cores, blocks, allocates, errors: as the contract says. RunNode runs core 0
// where it was called, and each other one on a thread of its own, which takes
// a processor; a node has no more cores than the machine has processors.
#ifndef EBBRT_PLATFORM_BAREMETAL_BAREMETAL_H_
#define EBBRT_PLATFORM_BAREMETAL_BAREMETAL_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/types.h"
#include "platform/baremetal/cpu/instructions.h"
#include "platform/baremetal/cpu/processor.h"
#include "platform/contract.h"

namespace ebbrt::platform {

namespace internal {
// Of the node that runs at present.
extern constinit uint32_t core_count;
}  // namespace internal

struct Baremetal {
  // Cores.
  static int RunNode(const NodeOptions& options, const CoreProgram& program);
  static uint32_t CoreCount() noexcept { return internal::core_count; }
  static bool OnCore() noexcept {
    return machine::CurrentProcessor().core != nullptr;
  }
  static CoreId CurrentCore() noexcept {
    return machine::CurrentProcessor().core_id;
  }
  static void Wake(CoreId core) noexcept;
  static void Exit(int code) noexcept;

  // Idle. The window in which interrupts are taken is one instruction long.
  static bool ServiceInterrupts() {
    machine::InterruptWindow();
    return machine::HasPendingInterrupt() && machine::RunPendingInterrupt();
  }
  static bool Wait(Time deadline);

  // Clock.
  static Time Now() noexcept;
  static Duration WallClock() noexcept;
  static uint64_t Cycles() noexcept { return machine::ReadTsc(); }
  static uint64_t CyclesPerSecond() noexcept;
  static void EndEvent(uint32_t, uint64_t) noexcept {}

  // Translation. The table of a processor that runs no core is empty.
  [[gnu::always_inline]] static void* Representative(uint64_t number) noexcept {
    void* representative;
    // Volatile, as the value changes behind the compiler's back.
    if (__builtin_constant_p(number)) {
      // The place is a part of the instruction.
      if (number < kStaticEbbNumbers) {
        asm volatile("movq %%gs:%c1, %0"
                     : "=r"(representative)
                     : "i"(number * sizeof(void*)));
        return representative;
      }
    }
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
};
static_assert(Platform<Baremetal>);

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_BAREMETAL_BAREMETAL_H_
