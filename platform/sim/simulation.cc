#include "platform/sim/simulation.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "core/base/check.h"
#include "platform/sim/sim.h"
#include "platform/sim/stop_signal.h"

namespace ebbrt::platform {

thread_local constinit Simulation* Simulation::current = nullptr;

Simulation::Simulation(const NodeOptions& options, const SimFaults& faults)
    : faults_(faults),
      seed_(options.seed),
      order_(seed_, 0),
      fault_(seed_, 1),
      entropy_(seed_, 2) {
  uint32_t count =
      options.core_count == 0 ? Sim::kMachineCores : options.core_count;
  for (uint32_t i = 0; i < count; ++i) {
    cores_.push_back(std::make_unique<SimCore>(CoreId(i)));
  }
}

Simulation::~Simulation() { queue_.Clear(); }

int Simulation::Run(const CoreProgram& program) {
  current = this;
  for (auto& core : cores_) {
    BecomeCore(*core);
    program.start(program.context);
  }
  // All cores come up at about the same time.
  for (auto& core : cores_) {
    Schedule(*core, Time{} + Draw(Duration::zero(), faults_.wake_latency_max));
  }
  SimEvent* first = queue_.Pop();
  ResumeCore(*static_cast<SimCore*>(first), Time{});
  program.loop(program.context);
  for (auto core = cores_.rbegin(); core != cores_.rend(); ++core) {
    BecomeCore(**core);
    program.stop(program.context);
  }
  SimRepresentatives::current = &SimRepresentatives::kNone;
  current = nullptr;
  return code_;
}

void Simulation::BecomeCore(SimCore& core) {
  core_ = &core;
  SimRepresentatives::current = &core.representatives;
}

void Simulation::ResumeCore(SimCore& core, Time time) {
  core.now = std::max(core.now, time);
  core.woken = false;
  history_ = MixBits(history_ ^ core.now.time_since_epoch().count()) +
             core.id.index();
  BecomeCore(core);
}

void Simulation::Schedule(SimCore& core, Time time) {
  // Which of several goes first at one time is the seed's to say.
  queue_.Schedule(core, std::max(time, core.now),
                  static_cast<uint16_t>(order_()));
}

void Simulation::Park(SimCore& core, Time deadline) {
  // The longest that a core waits before an early return.
  constexpr Duration kEarlyMax = std::chrono::microseconds(10);
  if (core.woken || deadline <= core.now) {
    Schedule(core, core.now);
  } else if (fault_.Chance(faults_.wait_early)) {
    Duration wait = std::min(deadline - core.now, kEarlyMax);
    Schedule(core, core.now + Draw(Duration::zero(), wait));
  } else if (deadline < kTimeNever - faults_.timer_slack_max) {
    Schedule(core, deadline + Draw(Duration::zero(), faults_.timer_slack_max));
  }
}

bool Simulation::Wait(Time deadline) {
  core_->now += Draw(faults_.wait_cost_min, faults_.wait_cost_max);
  if (ends_) return false;
  if (stop_handler_.function != nullptr && StopSignal::pending()) {
    Wake(CoreId(0));
  }
  Park(*core_, deadline);
  if (queue_.empty()) {
    ReportDeadlock();
    Exit(Sim::kDeadlockExitCode);
    return false;
  }
  Time time = queue_.next_time();
  ResumeCore(*static_cast<SimCore*>(queue_.Pop()), time);
  return true;
}

void Simulation::Wake(CoreId id) {
  EBBRT_CHECK(id.index() < cores_.size());
  SimCore& core = *cores_[id.index()];
  if (core.woken) return;
  core.woken = true;
  // The present core learns of it when it waits.
  if (&core == core_) return;
  Time time =
      core_->now + Draw(faults_.wake_latency_min, faults_.wake_latency_max);
  if (core.scheduled() && queue_.time_of(core) <= time) return;
  Schedule(core, time);
}

void Simulation::Exit(int code) {
  if (!ends_) code_ = code;
  ends_ = true;
}

bool Simulation::ServiceInterrupts() {
  if (core_ != cores_[0].get() || stop_handler_.function == nullptr ||
      !StopSignal::Take()) {
    return false;
  }
  stop_handler_.function(stop_handler_.context);
  return true;
}

void Simulation::FillEntropy(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    uint64_t drawn = entropy_();
    size_t count = std::min(bytes.size(), sizeof(drawn));
    std::memcpy(bytes.data(), &drawn, count);
    bytes = bytes.subspan(count);
  }
}

void Simulation::ReportDeadlock() {
  std::fprintf(stderr,
               "sim: deadlock at %lld ns: all %zu cores of node 0 wait for "
               "ever (the last to run: core %u; seed %llu)\n",
               static_cast<long long>(core_->now.time_since_epoch().count()),
               cores_.size(), core_->id.index(),
               static_cast<unsigned long long>(seed_));
}

}  // namespace ebbrt::platform
