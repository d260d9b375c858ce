// Bringing cores up, running their program, and taking them down.
#include <sched.h>
#include <sys/prctl.h>

#include <atomic>
#include <barrier>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "core/base/check.h"
#include "platform/linux/core.h"
#include "platform/linux/linux.h"

namespace ebbrt::platform {
namespace internal {

constinit thread_local ThreadState thread_state;
constinit uint32_t core_count = 0;

namespace {

// The exit code of a node that could not be brought up.
constexpr int kCannotStart = 1;

// Threads that do one thing after the other, each in its turn.
class Turns {
 public:
  void Await(uint32_t turn) {
    for (;;) {
      // Acquire: what the one before did is seen.
      uint32_t now = turn_.load(std::memory_order_acquire);
      if (now == turn) return;
      turn_.wait(now, std::memory_order_acquire);
    }
  }
  void Next() {
    turn_.fetch_add(1, std::memory_order_release);
    turn_.notify_all();
  }

 private:
  std::atomic<uint32_t> turn_{0};
};

// The node that runs at present.
class Node {
 public:
  Node(const CoreProgram& program, uint32_t core_count)
      : program_(program),
        core_count_(core_count),
        cores_(std::make_unique<Core[]>(core_count)),
        all_(core_count) {}

  int Run(const NodeOptions& options);
  void Exit(int code);

  Core* cores() { return cores_.get(); }
  // Acquire: pairs with Exit's, which has written the code before.
  bool ended() const { return ended_.load(std::memory_order_acquire); }

 private:
  void RunCore(Core& core);
  // What is refused, or "".
  std::string SetUp(Core& core);
  void TakeDown(Core& core);

  const CoreProgram program_;
  const uint32_t core_count_;
  const std::unique_ptr<Core[]> cores_;
  std::barrier<> all_;
  Turns start_;
  Turns stop_;
  std::atomic<bool> refused_{false};
  std::atomic<bool> exit_called_{false};
  std::atomic<int> code_{0};
  std::atomic<bool> ended_{false};
  // Who has called Exit, perhaps no core, needs the cores no more.
  std::atomic<bool> all_woken_{false};
};

constinit std::atomic<Node*> node = nullptr;

std::vector<uint32_t> UsableProcessors() {
  std::vector<uint32_t> processors;
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    for (uint32_t i = 0; i < CPU_SETSIZE; ++i) {
      if (CPU_ISSET(i, &set)) processors.push_back(i);
    }
  }
  // A machine with more than CPU_SETSIZE processors: any of them.
  if (processors.empty()) processors.push_back(0);
  return processors;
}

std::string Refused(const char* what) {
  return std::string("cannot ") + what + ": " + std::strerror(errno);
}

int Node::Run(const NodeOptions& options) {
  std::vector<uint32_t> processors = UsableProcessors();
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < core_count_; ++i) {
    Core& core = cores_[i];
    core.id = CoreId(i);
    core.processor = processors[i % processors.size()];
    core.busy_poll = options.busy_poll;
  }
  for (uint32_t i = 0; i < core_count_; ++i) {
    try {
      threads.emplace_back([this, i] { RunCore(cores_[i]); });
    } catch (const std::system_error& error) {
      Linux::WriteConsole("cannot start the thread of core " +
                          std::to_string(i) + ": " + error.what() + "\n");
      refused_ = true;
      // Those that exist wait for this one.
      for (; i < core_count_; ++i) all_.arrive_and_drop();
    }
  }
  for (std::thread& thread : threads) thread.join();
  ClearStopHandler();
  return refused_ ? kCannotStart : code_.load();
}

void Node::Exit(int code) {
  if (exit_called_.exchange(true)) return;
  code_ = code;
  ended_.store(true, std::memory_order_release);
  for (uint32_t i = 0; i < core_count_; ++i) Linux::Wake(CoreId(i));
  // Release: pairs with the wait for it. The node may be gone right behind.
  all_woken_.store(true, std::memory_order_release);
}

std::string Node::SetUp(Core& core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core.processor, &set);
  // Unpinned it is slower, and right.
  sched_setaffinity(0, sizeof(set), &set);
  // Otherwise the kernel lets timers be 50 microseconds late.
  prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);

  if (!core.translation.Map()) return Refused("map the translation table");
  core.events = MakeKernelEvents();
  if (core.events == nullptr) return Refused("make epoll or io_uring");
  core.signal_stack.Enter();
  core.translation.Enter();
  thread_state.core_id = core.id;
  thread_state.counters = core.events->counters();
  thread_state.attention = &core.stop_requested;
  thread_state.numa_node = Linux::CurrentNumaNode();
  thread_state.core = &core;
  return "";
}

void Node::TakeDown(Core& core) {
  if (core.id == CoreId(0)) LeaveStopSignals();
  TranslationTable::Leave();
  thread_state = ThreadState{};
  core.signal_stack.Leave();
  // On the thread that has used it.
  core.events.reset();
}

void Node::RunCore(Core& core) {
  std::string refused = SetUp(core);
  if (!refused.empty()) {
    Linux::WriteConsole("core " + std::to_string(core.id.index()) + ": " +
                        refused + "\n");
    refused_ = true;
  }
  all_.arrive_and_wait();
  if (!refused_) {
    const uint32_t index = core.id.index();
    start_.Await(index);
    program_.start(program_.context);
    start_.Next();
    all_.arrive_and_wait();
    program_.loop(program_.context);
    all_.arrive_and_wait();
    stop_.Await(core_count_ - 1 - index);
    program_.stop(program_.context);
    stop_.Next();
    while (!all_woken_.load(std::memory_order_acquire)) {
      std::this_thread::yield();
    }
  }
  TakeDown(core);
}

}  // namespace

Core* NodeCores() {
  // Acquire: the cores have been made.
  Node* running = node.load(std::memory_order_acquire);
  return running == nullptr ? nullptr : running->cores();
}

KernelEvents& CurrentKernelEvents() { return *thread_state.core->events; }

}  // namespace internal

using internal::Core;

int Linux::RunNode(const NodeOptions& options, const CoreProgram& program) {
  EBBRT_CHECK(!OnCore() && internal::node.load() == nullptr);
  uint32_t core_count = options.core_count;
  if (core_count == 0) {
    core_count = static_cast<uint32_t>(internal::UsableProcessors().size());
  }
  internal::Node node(program, core_count);
  internal::core_count = core_count;
  internal::node.store(&node, std::memory_order_release);
  int code = node.Run(options);
  internal::node.store(nullptr, std::memory_order_release);
  internal::core_count = 0;
  return code;
}

void Linux::Wake(CoreId id) noexcept {
  Core& core = internal::NodeCores()[id.index()];
  if (core.wake.Set()) core.events->WakeUp();
}

void Linux::Exit(int code) noexcept {
  internal::node.load(std::memory_order_acquire)->Exit(code);
}

bool Linux::RunInterrupt() {
  Core& core = *internal::thread_state.core;
  if (internal::RunStopHandler(core)) return true;
  return internal::thread_state.pending() && core.events->RunInterrupt();
}

bool Linux::Wait(Time deadline) {
  Core& core = *internal::thread_state.core;
  bool must_return = core.wake.Take() || deadline == Time::min() ||
                     core.busy_poll || internal::thread_state.pending();
  if (must_return || !core.wake.BeginSleep()) {
    core.wake.Take();
    core.events->Poll();
  } else {
    core.events->Sleep(deadline);
    core.wake.Take();
  }
  return !internal::node.load(std::memory_order_relaxed)->ended();
}

}  // namespace ebbrt::platform
