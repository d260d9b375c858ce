// The simulator's platform: the cores of one node, or of thousands, multiplexed
// in virtual time on one host thread.
//
// A core runs until it waits; then the one whose time comes first runs, and
// Wait returns as that core. Time stands still while a core runs (but for
// Charge), so a history is decided by the events of the cores and by one seed:
// how late a core is woken, which of several comes first, what goes wrong
// (platform/sim/faults.h). The same seed gives the same history, on every
// machine.
//
// A node whose cores all wait for ever is a deadlock: the node ends with
// kDeadlockExitCode and says which it was.
//
// What is said here of "the node" is said of the present core's; RunNode makes
// a simulation of one node, platform/sim/simulation.h one of several.
//
// Cores: a host thread may run one simulation at a time; what the contract
// allows "any thread" is for that thread, but for pages and representatives.
// Allocates: SetRepresentative of a number that is not static.
// Source: the contract; Zhou et al., "FoundationDB", SIGMOD 2021, section 4
// (deterministic simulation).
#ifndef EBBRT_PLATFORM_SIM_SIM_H_
#define EBBRT_PLATFORM_SIM_SIM_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/types.h"
#include "platform/contract.h"
#include "platform/sim/faults.h"
#include "platform/sim/representatives.h"

namespace ebbrt::platform {

class Simulation;

struct Sim {
  // What a node with core_count 0 has.
  static constexpr uint32_t kMachineCores = 4;
  // Virtual cycles are nanoseconds.
  static constexpr uint64_t kCyclesPerSecond = 1'000'000'000;
  // The wall clock's start: 2020-01-01T00:00:00Z.
  static constexpr Duration kEpoch = std::chrono::seconds(1577836800);
  static constexpr int kDeadlockExitCode = 70;
  static constexpr int kWrongConfigurationExitCode = 2;
  // Of a node that was crashed.
  static constexpr int kCrashExitCode = 71;

  static int RunNode(const NodeOptions& options, const CoreProgram& program);
  static uint32_t CoreCount() noexcept;
  static bool OnCore() noexcept {
    return SimRepresentatives::current != &SimRepresentatives::kNone;
  }
  static CoreId CurrentCore() noexcept;
  static void Wake(CoreId core) noexcept;
  static void Exit(int code) noexcept;

  static bool ServiceInterrupts();
  static bool Wait(Time deadline);

  static Time Now() noexcept;
  static Duration WallClock() noexcept;
  static uint64_t Cycles() noexcept { return Now().time_since_epoch().count(); }
  static uint64_t CyclesPerSecond() noexcept { return kCyclesPerSecond; }
  static void EndEvent(uint32_t tag, uint64_t bytes) noexcept;

  static void* Representative(EbbNumber number) noexcept {
    return SimRepresentatives::current->Find(number);
  }
  static bool SetRepresentative(EbbNumber number,
                                void* representative) noexcept;

  static constexpr size_t kPageBytes = 4096;
  static void* ReservePages(size_t bytes, size_t alignment) noexcept;
  static void UnreservePages(void* address, size_t bytes) noexcept;
  static bool CommitPages(void* address, size_t bytes, uint32_t node) noexcept;
  static void DecommitPages(void* address, size_t bytes) noexcept;
  static uint32_t NumaNodeCount() noexcept { return 1; }
  static uint32_t CurrentNumaNode() noexcept { return 0; }
  static void SetPageFaultHandler(bool (*)(void* address)) noexcept {}

  static void WriteConsole(std::string_view text) noexcept;
  static void FillEntropy(std::span<std::byte> bytes) noexcept;
  static void SetStopHandler(void (*on_stop)(void* context),
                             void* context) noexcept;

  static constexpr Feature kFeatures = Feature::kVirtualTime;

  // What follows is not the contract's, but for tests and for the layers of
  // the simulator.

  // The calling core spends time: its clock goes on, and it comes back from
  // its next Wait no earlier.
  static void Charge(Duration time) noexcept;

  // For the nodes that this thread runs from now on, in place of what
  // EBBRT_SIM_FAULTS says.
  static void SetFaults(const SimFaults& faults);
  static void ClearFaults();

  // What a thread adds to the simulations that its RunNode makes, from now on;
  // null: nothing. Both are called off cores.
  struct Extension {
    virtual void Begin(Simulation& simulation) = 0;
    virtual void End() = 0;

   protected:
    ~Extension() = default;
  };
  static void SetExtension(Extension* extension);

  // What is written off cores, and what a node writes that has the process to
  // itself.
  static void WriteStandardOutput(std::string_view text) noexcept;

  // A digest of which core went on when, in the present node or in the last
  // one: equal for equal histories.
  static uint64_t History() noexcept;
};
static_assert(Platform<Sim>);

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_SIM_H_
