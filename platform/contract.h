// What core asks of a platform, and all that it asks.
//
// A platform is one type whose static functions model the concepts below; the
// build picks it (platform/current.h). The meaning of each requirement stands
// above it and is what platform/conformance_test.cc checks on every platform;
// platform/archetype has these functions and no others, so that a use of
// anything else does not compile.
//
// Unless a requirement says otherwise, it is called from a core, from within
// its loop, neither blocks nor allocates, and cannot fail.
//
// Source: paper sections 4.1 to 4.4.
#ifndef EBBRT_PLATFORM_CONTRACT_H_
#define EBBRT_PLATFORM_CONTRACT_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/types.h"

namespace ebbrt::platform {

// The number of an Ebb, as the platform's translation sees it.
using EbbNumber = uint32_t;
// Numbers below this one are static: known when compiling.
inline constexpr EbbNumber kStaticEbbNumbers = 256;

// What to bring up.
struct NodeOptions {
  // How many cores; 0 stands for as many as the machine has.
  uint32_t core_count = 1;
  // Spin for work in place of waiting for it. Where a core is a thread on a
  // processor of its own this trades power for latency.
  bool busy_poll = false;
  // The seed of everything that a platform may order freely. It matters to
  // the simulator, and is what replays a failure there.
  uint64_t seed = 1;
};

// What a core runs: three functions of core, given to RunNode.
struct CoreProgram {
  // Called once on each core before any loop starts, core 0 first.
  void (*start)(void* context);
  // The core's loop. It returns after Wait has returned false. Where one thread
  // serves several cores (Wait returns as another), it is called once for all.
  void (*loop)(void* context);
  // Called once on each core after every loop of the node has ended, core 0
  // last.
  void (*stop)(void* context);
  void* context;
};

// Abilities that not every platform has. Core asks, and does without.
enum class Feature : uint32_t {
  kNone = 0,
  // A touch of a reserved page that is not committed calls the handler given
  // to SetPageFaultHandler; otherwise it is as any wild access.
  kPageFaults = 1u << 0,
  // Time is virtual: it advances only in Wait and by Charge, and cores take
  // turns, which change only in Wait.
  kVirtualTime = 1u << 1,
  // Pages can be placed on a NUMA node of the caller's choice.
  kNuma = 1u << 2,
};
constexpr Feature operator|(Feature a, Feature b) {
  return Feature{static_cast<uint32_t>(a) | static_cast<uint32_t>(b)};
}
constexpr bool Has(Feature all, Feature one) {
  return (static_cast<uint32_t>(all) & static_cast<uint32_t>(one)) != 0;
}

template <typename P>
concept Cores = requires(const NodeOptions& options, const CoreProgram& program,
                         CoreId core, int code) {
  // Brings up the cores, runs the program on each, takes them down, and
  // returns the code given to Exit. Called from the process's main thread, not
  // from a core; blocks. It may be called again after it has returned.
  { P::RunNode(options, program) } -> std::same_as<int>;

  // How many cores the node has. Constant while the node runs. Any thread.
  { P::CoreCount() } noexcept -> std::same_as<uint32_t>;

  // Whether the caller runs on a core. Any thread.
  { P::OnCore() } noexcept -> std::same_as<bool>;

  // The core that the caller runs on.
  { P::CurrentCore() } noexcept -> std::same_as<CoreId>;

  // Makes `core` return from its present or next Wait. Idempotent: many calls
  // before that return count as one. Never lost: what was written before Wake
  // is seen after that return. Never blocks. Any thread, while the node runs.
  { P::Wake(core) } noexcept;

  // Ends the node: every core's Wait returns false from now on. The first code
  // given counts. Any thread, while the node runs.
  { P::Exit(code) } noexcept;
};

template <typename P>
concept Idle = requires(Time deadline) {
  // Runs the handlers of whatever devices have made pending, each as one
  // event, and returns whether there was one. This is the loop's interrupt
  // window, called between events; where nothing is pending it costs a few
  // instructions.
  { P::ServiceInterrupts() } -> std::same_as<bool>;

  // Waits until this core is woken, an interrupt is pending, or `deadline`
  // has passed; returns at once if one of these already holds. It may return
  // early. False: the node ends, leave the loop.
  // The simulator may return from Wait as another core; a caller keeps nothing
  // across it that belongs to a core.
  { P::Wait(deadline) } -> std::same_as<bool>;
};

template <typename P>
concept Clock = requires(uint32_t tag, uint64_t bytes) {
  // Monotonic on each core, and between cores to within a microsecond.
  // Any thread.
  { P::Now() } noexcept -> std::same_as<Time>;

  // Nanoseconds since 1970, as the machine believes them. Any thread.
  { P::WallClock() } noexcept -> std::same_as<Duration>;

  // A counter of constant rate, cheaper to read than Now. Any thread.
  { P::Cycles() } noexcept -> std::same_as<uint64_t>;

  // Its rate, per second. Any thread; the first call may take milliseconds.
  { P::CyclesPerSecond() } noexcept -> std::same_as<uint64_t>;

  // With Feature::kVirtualTime: an event that is accounted under `tag`
  // (core/trace/event_tag.h) and said that it handles `bytes` has ended, or
  // blocks; the core's clock goes on by what that costs. Without the feature
  // it is not called.
  { P::EndEvent(tag, bytes) } noexcept;
};

template <typename P>
concept Translation = requires(EbbNumber number, uint64_t wide_number,
                               void* representative) {
  // This core's representative of an Ebb, null where it has none. It is the
  // load of an Ebb call, and inlines. For a static number, written as a
  // constant, any thread may ask, at any time; off a core it is null. The
  // number is an EbbNumber in the width of an address.
  { P::Representative(wide_number) } noexcept -> std::same_as<void*>;

  // Sets or, with null, clears it, for this core only. The node's end clears
  // all. False: there is no memory for the entry.
  { P::SetRepresentative(number, representative) } noexcept
      -> std::same_as<bool>;
};

template <typename P>
concept Pages = requires(void* address, size_t bytes, size_t alignment,
                         uint32_t node, bool (*on_fault)(void* address)) {
  // The page that everything below is a multiple of, in bytes.
  { P::kPageBytes } -> std::convertible_to<size_t>;

  // Sets aside a range of addresses, aligned to a power of two, backed by
  // nothing yet. Null where there is none. Any thread.
  { P::ReservePages(bytes, alignment) } noexcept -> std::same_as<void*>;

  // Gives back a range that ReservePages returned, whole, with what is
  // committed in it. Any thread.
  { P::UnreservePages(address, bytes) } noexcept;

  // Backs a part of a reserved range with memory that reads as zero, readable
  // and writable, of NUMA node `node` where the platform can (Feature::kNuma),
  // in large pages where size and alignment allow. Already committed pages
  // keep their contents. False where memory is refused; then nothing changed.
  // Any thread.
  { P::CommitPages(address, bytes, node) } noexcept -> std::same_as<bool>;

  // Gives the memory of a part of a reserved range back, and keeps the
  // addresses. Any thread.
  { P::DecommitPages(address, bytes) } noexcept;

  // How many NUMA nodes there are, and the one of the caller's core. Any
  // thread.
  { P::NumaNodeCount() } noexcept -> std::same_as<uint32_t>;
  { P::CurrentNumaNode() } noexcept -> std::same_as<uint32_t>;

  // With Feature::kPageFaults: has `on_fault` called on the thread that
  // touched a reserved, uncommitted page. If it returns true, the access is
  // made again. It may commit pages and must not allocate. Null: none. Without
  // the feature the call does nothing.
  { P::SetPageFaultHandler(on_fault) } noexcept;
};

template <typename P>
concept Surroundings = requires(std::string_view text,
                                std::span<std::byte> bytes,
                                void (*on_stop)(void* context), void* context) {
  // Writes to the console, whole lines in order. Any thread; may block
  // shortly.
  { P::WriteConsole(text) } noexcept;

  // Fills `bytes` with entropy fit for seeds and sequence numbers; in the
  // simulator it comes from the run's seed. Any thread.
  { P::FillEntropy(bytes) } noexcept;

  // Has `on_stop` called, as an interrupt of core 0, whenever somebody asks
  // the node to end in good order (a signal to a process, a power button).
  // Until it is set, and after the node has ended, such a request has the
  // effect that it has on any program. From core 0.
  { P::SetStopHandler(on_stop, context) } noexcept;

  // The optional abilities, known when compiling.
  { P::kFeatures } -> std::convertible_to<Feature>;
};

// The contract.
template <typename P>
concept Platform = Cores<P> && Idle<P> && Clock<P> && Translation<P> &&
                   Pages<P> && Surroundings<P>;

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_CONTRACT_H_
