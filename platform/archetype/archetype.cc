#include "platform/archetype/archetype.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "core/base/check.h"
#include "core/base/random.h"

namespace ebbrt::platform {
namespace {

// All that the platform is. There is one thread, so nothing here is guarded.
struct State {
  uint32_t core_count = 0;
  bool on_core = false;
  CoreId core;
  bool ends = false;
  int code = 0;
  uint64_t turns = 0;
  Random random{1};
};
constinit State state;

// Apart from State, so that they take no room in the program's file.
constinit void* tables[Archetype::kCoresMax][Archetype::kEbbNumbersMax];

// The memory, and which pages of it are reserved.
constexpr size_t kPages = Archetype::kArenaBytes / Archetype::kPageBytes;
alignas(64 * kKiB) constinit std::byte arena[Archetype::kArenaBytes];
constinit bool reserved[kPages];

size_t PageOf(const void* address) {
  return (static_cast<const std::byte*>(address) - arena) /
         Archetype::kPageBytes;
}

}  // namespace

int Archetype::RunNode(const NodeOptions& options, const CoreProgram& program) {
  EBBRT_CHECK(!state.on_core && options.core_count <= kCoresMax);
  state.core_count = options.core_count == 0 ? 1 : options.core_count;
  state.random = Random(options.seed);
  state.ends = false;
  state.code = 0;
  state.on_core = true;
  for (uint32_t i = 0; i < state.core_count; ++i) {
    state.core = CoreId(i);
    program.start(program.context);
  }
  // One loop serves all cores: Wait returns as the next.
  program.loop(program.context);
  for (uint32_t i = state.core_count; i-- > 0;) {
    state.core = CoreId(i);
    program.stop(program.context);
  }
  state.on_core = false;
  std::memset(tables, 0, sizeof(tables));
  return state.code;
}

uint32_t Archetype::CoreCount() noexcept { return state.core_count; }
bool Archetype::OnCore() noexcept { return state.on_core; }
CoreId Archetype::CurrentCore() noexcept { return state.core; }

// No core ever sleeps.
void Archetype::Wake(CoreId) noexcept {}

void Archetype::Exit(int code) noexcept {
  if (!state.ends) state.code = code;
  state.ends = true;
}

bool Archetype::ServiceInterrupts() { return false; }

// It returns early, always: each core has its turn and looks for itself.
bool Archetype::Wait(Time) {
  ++state.turns;
  if (state.ends) return false;
  state.core = CoreId((state.core.index() + 1) % state.core_count);
  return true;
}

Time Archetype::Now() noexcept {
  return Time(kTurn * static_cast<Duration::rep>(state.turns));
}
Duration Archetype::WallClock() noexcept { return Now().time_since_epoch(); }
uint64_t Archetype::Cycles() noexcept { return state.turns; }
uint64_t Archetype::CyclesPerSecond() noexcept {
  return std::chrono::seconds(1) / kTurn;
}

void* Archetype::Representative(EbbNumber number) noexcept {
  if (!state.on_core || number >= kEbbNumbersMax) return nullptr;
  return tables[state.core.index()][number];
}

bool Archetype::SetRepresentative(EbbNumber number,
                                  void* representative) noexcept {
  if (number >= kEbbNumbersMax) return representative == nullptr;
  tables[state.core.index()][number] = representative;
  return true;
}

void* Archetype::ReservePages(size_t bytes, size_t alignment) noexcept {
  const size_t pages = bytes / kPageBytes;
  if (pages > kPages) return nullptr;
  for (size_t first = 0; first <= kPages - pages; ++first) {
    std::byte* address = arena + first * kPageBytes;
    if (reinterpret_cast<size_t>(address) % alignment != 0) continue;
    bool* begin = reserved + first;
    bool* taken = std::find(begin, begin + pages, true);
    if (taken == begin + pages) {
      std::fill_n(begin, pages, true);
      return address;
    }
    first = taken - reserved;
  }
  return nullptr;
}

void Archetype::UnreservePages(void* address, size_t bytes) noexcept {
  DecommitPages(address, bytes);
  std::fill_n(reserved + PageOf(address), bytes / kPageBytes, false);
}

// The arena is backed, and zero, wherever nobody has written.
bool Archetype::CommitPages(void*, size_t, uint32_t) noexcept { return true; }
void Archetype::DecommitPages(void* address, size_t bytes) noexcept {
  std::memset(address, 0, bytes);
}
uint32_t Archetype::NumaNodeCount() noexcept { return 1; }
uint32_t Archetype::CurrentNumaNode() noexcept { return 0; }
void Archetype::SetPageFaultHandler(bool (*)(void* address)) noexcept {}

void Archetype::WriteConsole(std::string_view text) noexcept {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}
void Archetype::FillEntropy(std::span<std::byte> bytes) noexcept {
  std::generate(bytes.begin(), bytes.end(),
                [] { return static_cast<std::byte>(state.random()); });
}
// An event costs nothing.
void Archetype::EndEvent(uint32_t, uint64_t) noexcept {}
// Nobody asks.
void Archetype::SetStopHandler(void (*)(void* context), void*) noexcept {}

}  // namespace ebbrt::platform
