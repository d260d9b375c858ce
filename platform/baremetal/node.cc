// Bringing cores up on processors, running their program, and taking them down.
#include <atomic>
#include <limits>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "core/base/check.h"
#include "platform/baremetal/baremetal.h"
#include "platform/baremetal/clock.h"
#include "platform/baremetal/cpu/wake.h"
#include "platform/baremetal/stop_request.h"
#include "platform/wake_flag.h"

namespace ebbrt::platform {
namespace internal {

constinit uint32_t core_count = 0;

namespace {

using machine::Processor;

// The exit code of a node that could not be brought up.
constexpr int kCannotStart = 1;

struct alignas(kNoSharingBytes) Core {
  CoreId id;
  Processor* processor = nullptr;
  // Written by others.
  alignas(kNoSharingBytes) WakeFlag wake;
  std::atomic<bool> may_start{false};
  std::atomic<bool> may_loop{false};
  std::atomic<bool> may_stop{false};
};

// Cores start and stop one after the other. Who awaits its turn halts: if
// processors are virtual, many that spin keep real ones from the one core that
// has something to do.
void AwaitTurn(const std::atomic<bool>& may) {
  machine::HaltUntil(may, std::numeric_limits<int64_t>::max());
}
void GiveTurn(Core& core, std::atomic<bool> Core::*may) {
  // The core may be gone once it has its turn.
  const Processor& processor = *core.processor;
  // Release: what was done before is seen behind AwaitTurn.
  (core.*may).store(true, std::memory_order_release);
  machine::WakeProcessor(processor);
}

// The node that runs at present.
class Node {
 public:
  Node(const NodeOptions& options, const CoreProgram& program,
       uint32_t core_count)
      : program_(program),
        core_count_(core_count),
        busy_poll_(options.busy_poll),
        cores_(std::make_unique<Core[]>(core_count)) {}

  int Run();
  void Exit(int code);

  Core& core(uint32_t index) { return cores_[index]; }
  bool busy_poll() const { return busy_poll_; }
  // Acquire: pairs with Exit's, which has written the code before.
  bool ended() const { return ended_.load(std::memory_order_acquire); }

 private:
  void RunCore(uint32_t index);
  // Whether all cores have now arrived where this counts them.
  bool Arrive(std::atomic<uint32_t>& count) const {
    // Both orders: the last one has seen what all did before.
    return count.fetch_add(1, std::memory_order_acq_rel) + 1 == core_count_;
  }
  static void Enter(Core& core);
  static void Leave();

  const CoreProgram program_;
  const uint32_t core_count_;
  const bool busy_poll_;
  const std::unique_ptr<Core[]> cores_;
  std::atomic<uint32_t> entered_{0};
  std::atomic<uint32_t> looped_{0};
  std::atomic<bool> exit_called_{false};
  std::atomic<int> code_{0};
  std::atomic<bool> ended_{false};
  // Who has called Exit, perhaps no core, needs the cores no more.
  std::atomic<bool> all_woken_{false};
};

constinit std::atomic<Node*> node = nullptr;

int Node::Run() {
  std::vector<std::thread> threads;
  for (uint32_t i = 1; i < core_count_; ++i) {
    threads.emplace_back([this, i] { RunCore(i); });
  }
  RunCore(0);
  for (std::thread& thread : threads) thread.join();
  return code_.load();
}

void Node::Exit(int code) {
  if (exit_called_.exchange(true)) return;
  code_ = code;
  ended_.store(true, std::memory_order_release);
  for (uint32_t i = 0; i < core_count_; ++i) Baremetal::Wake(CoreId(i));
  // Release: pairs with the wait for it. The node may be gone right behind.
  all_woken_.store(true, std::memory_order_release);
}

void Node::Enter(Core& core) {
  Processor& processor = machine::CurrentProcessor();
  core.processor = &processor;
  processor.core_id = core.id;
  processor.core = &core;
}

void Node::Leave() {
  Processor& processor = machine::CurrentProcessor();
  processor.core = nullptr;
  processor.core_id = CoreId();
  // The table is as it was at first: it reads as null.
  const bool cleared = machine::ResetTranslation(processor.index);
  EBBRT_CHECK(cleared);
}

void Node::RunCore(uint32_t index) {
  Core& core = cores_[index];
  const uint32_t last = core_count_ - 1;
  core.id = CoreId(index);
  Enter(core);
  if (Arrive(entered_)) GiveTurn(cores_[0], &Core::may_start);
  AwaitTurn(core.may_start);
  program_.start(program_.context);
  if (index != last) {
    GiveTurn(cores_[index + 1], &Core::may_start);
  } else {
    for (uint32_t i = 0; i < core_count_; ++i) {
      GiveTurn(cores_[i], &Core::may_loop);
    }
  }
  AwaitTurn(core.may_loop);
  program_.loop(program_.context);
  if (Arrive(looped_)) GiveTurn(cores_[last], &Core::may_stop);
  AwaitTurn(core.may_stop);
  program_.stop(program_.context);
  while (!all_woken_.load(std::memory_order_acquire)) machine::Pause();
  if (index == 0) ClearStopHandler();
  Leave();
  if (index != 0) GiveTurn(cores_[index - 1], &Core::may_stop);
}

Core& CurrentCoreState() {
  return *static_cast<Core*>(machine::CurrentProcessor().core);
}

// The processors that a node may have: those that run no thread, and ours.
uint32_t FreeProcessors() {
  const uint32_t count = machine::processor_count.load();
  uint32_t free = 1;
  for (uint32_t i = 0; i < count; ++i) {
    if (machine::ProcessorAt(i).state == Processor::State::kIdle) ++free;
  }
  return free;
}

}  // namespace
}  // namespace internal

int Baremetal::RunNode(const NodeOptions& options, const CoreProgram& program) {
  EBBRT_CHECK(!OnCore() && internal::node.load() == nullptr);
  const uint32_t free = internal::FreeProcessors();
  const uint32_t wanted = options.core_count == 0 ? free : options.core_count;
  if (wanted > free) {
    WriteConsole("a node of " + std::to_string(wanted) +
                 " cores needs as many processors: found " +
                 std::to_string(free) + " that are free\n");
    return internal::kCannotStart;
  }
  internal::Node node(options, program, wanted);
  internal::core_count = wanted;
  internal::node.store(&node, std::memory_order_release);
  int code = node.Run();
  internal::node.store(nullptr, std::memory_order_release);
  internal::core_count = 0;
  return code;
}

void Baremetal::Wake(CoreId id) noexcept {
  // Acquire: the cores have been made.
  internal::Core& core =
      internal::node.load(std::memory_order_acquire)->core(id.index());
  if (core.wake.Set()) machine::WakeProcessor(*core.processor);
}

void Baremetal::Exit(int code) noexcept {
  internal::node.load(std::memory_order_acquire)->Exit(code);
}

bool Baremetal::Wait(Time deadline) {
  internal::Core& core = internal::CurrentCoreState();
  const internal::Node& node =
      *internal::node.load(std::memory_order_relaxed);
  const bool must_return = core.wake.Take() || deadline == Time::min() ||
                           node.busy_poll() || machine::HasPendingInterrupt();
  // A wake-up that comes from here on is an interrupt, which is taken first
  // thing in the halt.
  if (!must_return && core.wake.BeginSleep()) {
    if (deadline == kTimeNever) {
      machine::HaltUntilInterrupt();
    } else if (Now() < deadline) {
      machine::ArmTimer(deadline.time_since_epoch().count());
      machine::HaltUntilInterrupt();
    }
    core.wake.Take();
  } else {
    core.wake.Take();
    machine::InterruptWindow();
  }
  return !node.ended();
}

Time Baremetal::Now() noexcept { return Time(Duration(machine::NowNs())); }

Duration Baremetal::WallClock() noexcept {
  return Duration(machine::WallClockNs());
}

uint64_t Baremetal::CyclesPerSecond() noexcept {
  return machine::CyclesPerSecond();
}

bool Baremetal::SetRepresentative(EbbNumber number,
                                  void* representative) noexcept {
  const uint64_t address =
      machine::TranslationOf(machine::CurrentProcessor().index) +
      number * sizeof(void*);
  auto* entry = reinterpret_cast<void**>(address);
  // Null where it reads as null needs no memory.
  if (representative == nullptr && *entry == nullptr) return true;
  if (!machine::address_space.CommitTranslation(
          address & ~(machine::kSmallFrameBytes - 1))) {
    return false;
  }
  *entry = representative;
  return true;
}

}  // namespace ebbrt::platform
