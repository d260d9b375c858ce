// The platform that has the contract and nothing more.
//
// Core and the applications are compiled and linked against it, so that a use
// of anything that the contract does not have does not build. It is also the
// shortest complete platform, where a port may start: no operating system, no
// device, no thread. Its cores take turns on the caller's thread, one goes on
// where another waits, and time is a count of turns.
//
// Cores: kCoresMax. Bound: kArenaBytes of pages, kEbbNumbersMax Ebbs.
#ifndef EBBRT_PLATFORM_ARCHETYPE_ARCHETYPE_H_
#define EBBRT_PLATFORM_ARCHETYPE_ARCHETYPE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/types.h"
#include "platform/contract.h"

namespace ebbrt::platform {

struct Archetype {
  static constexpr uint32_t kCoresMax = 8;
  static constexpr EbbNumber kEbbNumbersMax = 4096;
  static constexpr size_t kArenaBytes = 64 * kMiB;
  // How long a turn takes.
  static constexpr Duration kTurn = std::chrono::microseconds(1);

  static int RunNode(const NodeOptions& options, const CoreProgram& program);
  static uint32_t CoreCount() noexcept;
  static bool OnCore() noexcept;
  static CoreId CurrentCore() noexcept;
  static void Wake(CoreId core) noexcept;
  static void Exit(int code) noexcept;

  static bool ServiceInterrupts();
  static bool Wait(Time deadline);

  static Time Now() noexcept;
  static Duration WallClock() noexcept;
  static uint64_t Cycles() noexcept;
  static uint64_t CyclesPerSecond() noexcept;
  static void EndEvent(uint32_t tag, uint64_t bytes) noexcept;

  static void* Representative(EbbNumber number) noexcept;
  static bool SetRepresentative(EbbNumber number,
                                void* representative) noexcept;

  static constexpr size_t kPageBytes = 4096;
  static void* ReservePages(size_t bytes, size_t alignment) noexcept;
  static void UnreservePages(void* address, size_t bytes) noexcept;
  static bool CommitPages(void* address, size_t bytes, uint32_t node) noexcept;
  static void DecommitPages(void* address, size_t bytes) noexcept;
  static uint32_t NumaNodeCount() noexcept;
  static uint32_t CurrentNumaNode() noexcept;
  static void SetPageFaultHandler(bool (*on_fault)(void* address)) noexcept;

  static void WriteConsole(std::string_view text) noexcept;
  static void FillEntropy(std::span<std::byte> bytes) noexcept;
  static void SetStopHandler(void (*on_stop)(void* context),
                             void* context) noexcept;

  static constexpr Feature kFeatures = Feature::kVirtualTime;
};
static_assert(Platform<Archetype>);

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_ARCHETYPE_ARCHETYPE_H_
