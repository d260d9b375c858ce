#include "platform/sim/simulation.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <utility>

#include "core/base/check.h"
#include "platform/sim/fetch_ahead.h"
#include "platform/sim/sim.h"
#include "platform/sim/stop_signal.h"

namespace ebbrt::platform {

thread_local constinit Simulation* Simulation::current = nullptr;

Simulation::Simulation(const SimulationOptions& options)
    : faults_(options.faults),
      seed_(options.seed),
      time_limit_(options.time_limit),
      tag_name_(options.tag_name),
      order_(seed_, 0),
      fault_(seed_, 1) {
  EBBRT_CHECK(current == nullptr);
  current = this;
}

Simulation::~Simulation() {
  for (auto& node : nodes_) Crash(*node);
  queue_.Clear();
  current = nullptr;
}

SimNode& Simulation::AddNode(std::string name, const NodeOptions& options,
                             SimProgram& program) {
  EBBRT_CHECK(nodes_.size() < kNodesMax);
  nodes_.push_back(std::make_unique<SimNode>(
      static_cast<uint32_t>(nodes_.size()), std::move(name), options,
      program));
  return *nodes_.back();
}

void Simulation::Boot(SimNode& node) {
  EBBRT_CHECK(!node.up_);
  node.up_ = true;
  node.crashed_ = false;
  node.ends_ = node.stop_requested_ = false;
  node.code_ = 0;
  node.stop_handler_ = {};
  node.set_at_ = now_;
  node.clock_then_ = Time{};
  ++node.life_;
  ++up_count_;
  node.running_ = node.program_.Boot(node);
  for (SimCore& core : node.cores()) {
    core.now = core.last_event = now_;
    core.woken = false;
    core.life = node.life_;
    BecomeCore(core);
    node.running_.start(node.running_.context);
  }
  LeaveCore();
  // All cores come up at about the same time.
  for (SimCore& core : node.cores()) {
    ScheduleCore(core,
                 now_ + Draw(Duration::zero(), faults_.wake_latency_max));
  }
}

void Simulation::Finish(SimNode& node, int code) {
  std::span<SimCore> cores = node.cores();
  for (size_t i = cores.size(); i-- > 0;) {
    SimCore& core = cores[i];
    BecomeCore(core);
    node.running_.stop(node.running_.context);
    LeaveCore();
    queue_.Cancel(core);
    core.life = 0;
    while (SimInterrupt* lost = core.interrupts.PopFront()) lost->Drop();
    core.outputs = {};
    core.representatives.Clear();
  }
  node.up_ = false;
  --up_count_;
  node.program_.OnEnd(node, code);
}

void Simulation::RequestStop(SimNode& node) {
  if (!node.up_) return;
  node.stop_requested_ = true;
  WakeCore(node.cores_[0], now_);
}

void Simulation::Crash(SimNode& node) {
  if (!node.up_) return;
  node.crashed_ = true;
  Finish(node, Sim::kCrashExitCode);
}

void Simulation::SetClock(SimNode& node, const SimClock& clock) {
  // A core may be ahead, and has read the clock there.
  Time from = now_;
  for (const SimCore& core : node.cores()) from = std::max(from, core.now);
  node.SetClock(clock, from);
  if (!node.up_) return;
  // Their deadlines come at other times now.
  for (SimCore& core : node.cores()) WakeCore(core, now_);
}

void Simulation::Run() {
  RunUntil(kTimeNever);
  FinishAll();
}

bool Simulation::RunUntil(Time time) {
  horizon_ = time;
  // Wait, which Advance is the end of, returns as the next core until there is
  // no more; so one loop serves all nodes.
  while (Advance()) {
    const CoreProgram& program = core_->node->running_;
    program.loop(program.context);
    LeaveCore();
    if (last_ == nullptr) break;
    SimNode& node = *std::exchange(last_, nullptr);
    Finish(node, node.code_);
  }
  LeaveCore();
  return !ended_;
}

void Simulation::FinishAll() {
  for (auto& node : nodes_) {
    if (node->up_) Finish(*node, node->ends_ ? node->code_ : code_);
  }
}

void Simulation::End(int code) {
  if (!ended_) code_ = code;
  ended_ = true;
}

bool Simulation::Advance() {
  for (;;) {
    if (ended_) return false;
    // Others have a part in time, and their turn.
    if (next_time() > horizon_) return false;
    if (queue_.empty() || queue_.next_time() > time_limit_) {
      if (up_count_ > 0) {
        ReportStuck(queue_.empty() ? "deadlock" : "still running");
      }
      End(Sim::kDeadlockExitCode);
      return false;
    }
    // A core that is taken down may have been ahead.
    now_ = std::max(now_, queue_.next_time());
    SimEvent* event = queue_.Pop();
    FetchAhead(queue_);
    if (!event->is_action()) {
      ResumeCore(*static_cast<SimCore*>(event), now_);
      return true;
    }
    ++actions_;
    static_cast<SimAction*>(event)->Happen(now_);
  }
}

void Simulation::BecomeCore(SimCore& core) {
  core_ = &core;
  SimRepresentatives::current = &core.representatives;
}

void Simulation::LeaveCore() {
  core_ = nullptr;
  SimRepresentatives::current = &SimRepresentatives::kNone;
}

void Simulation::ResumeCore(SimCore& core, Time time) {
  ++turns_;
  core.now = core.begun = std::max(core.now, time);
  core.woken = false;
  history_ = MixBits(history_ ^ core.now.time_since_epoch().count()) +
             core.id.index() + (uint64_t{core.node->number()} << 32);
  BecomeCore(core);
}

void Simulation::ScheduleCore(SimCore& core, Time time) {
  // Which of several goes first at one time is the seed's to say.
  queue_.Schedule(core, std::max(time, core.now),
                  static_cast<uint16_t>(order_()));
}

void Simulation::Schedule(SimAction& action, Time time) {
  queue_.Schedule(action, std::max(time, now_));
}

void Simulation::Park(SimCore& core, Time deadline) {
  // The longest that a core waits before an early return.
  constexpr Duration kEarlyMax = std::chrono::microseconds(10);
  if (core.woken || deadline <= core.now || !core.interrupts.empty()) {
    ScheduleCore(core, core.now);
  } else if (fault_.Chance(faults_.wait_early)) {
    Duration wait = std::min(deadline - core.now, kEarlyMax);
    ScheduleCore(core, core.now + Draw(Duration::zero(), wait));
  } else if (const Duration wake = core.node->wake_latency_;
             deadline < kTimeNever - wake - faults_.timer_slack_max) {
    // One that sleeps has to be woken, by a timer as by a message.
    ScheduleCore(core, deadline + wake + Draw(Duration::zero(),
                                              faults_.timer_slack_max));
  }
}

bool Simulation::Wait(Time deadline) {
  SimCore& core = *core_;
  SimNode& node = *core.node;
  core.now += Draw(faults_.wait_cost_min, faults_.wait_cost_max);
  LetOutputsLeave(core);
  if (node.ends_ && up_count_ == 1) {
    // What it is to stop, it stops when there is no loop any more.
    last_ = &node;
    return false;
  }
  if (node.ends_) {
    Finish(node, node.code_);
    return Advance();
  }
  if (StopSignal::pending()) {
    StopSignal::Take();
    for (auto& each : nodes_) RequestStop(*each);
  }
  Park(core, node.FromNodeTime(deadline));
  // Whoever raises something for it from here on has to wake it.
  core_ = nullptr;
  return Advance();
}

void Simulation::LetOutputsLeave(SimCore& core) {
  while (SimOutput* output = core.outputs.PopFront()) output->Leave();
}

void Simulation::Wake(CoreId id) {
  SimNode& node = *core_->node;
  EBBRT_CHECK(id.index() < node.core_count());
  WakeCore(node.cores_[id.index()], core_->now);
}

void Simulation::WakeCore(SimCore& core, Time from) {
  if (core.woken) return;
  core.woken = true;
  // The present core learns of it when it waits.
  if (&core == core_) return;
  Time time = from + Draw(faults_.wake_latency_min, faults_.wake_latency_max);
  // One that is still at work does not have to be woken.
  if (core.now < from) time += core.node->wake_latency_;
  if (core.scheduled() && queue_.time_of(core) <= time) return;
  ScheduleCore(core, time);
}

void Simulation::Raise(SimCore& core, SimInterrupt& interrupt) {
  core.interrupts.PushBack(&interrupt);
  WakeCore(core, core_ != nullptr ? core_->now : now_);
}

void Simulation::Exit(int code) {
  SimNode& node = *core_->node;
  if (!node.ends_) node.code_ = code;
  node.ends_ = true;
}

void Simulation::SetStopHandler(const SimNode::StopHandler& handler) {
  core_->node->stop_handler_ = handler;
}

bool Simulation::ServiceInterrupts() {
  SimCore& core = *core_;
  SimNode& node = *core.node;
  if (node.stop_requested_ && core.id == CoreId(0) &&
      node.stop_handler_.function != nullptr) {
    node.stop_requested_ = false;
    node.stop_handler_.function(node.stop_handler_.context);
    return true;
  }
  // One a turn, which is charged for it.
  SimInterrupt* interrupt = core.interrupts.PopFront();
  if (interrupt == nullptr) return false;
  interrupt->Serve();
  return true;
}

void Simulation::EndEvent(uint32_t tag, uint64_t bytes) {
  SimCore& core = *core_;
  core.last_tag = tag;
  core.last_event = core.now;
  ChargeFor(tag, bytes);
  if (observer_ != nullptr) observer_->OnEvent(core, tag, bytes, core.begun);
  core.begun = core.now;
}

void Simulation::ChargeFor(uint32_t tag, uint64_t bytes) {
  SimCore& core = *core_;
  const SimNode& node = *core.node;
  if (node.costs_ == nullptr) return;
  const EventCost* cost = node.costs_->Find(tag);
  if (cost != nullptr) {
    Charge(cost->Of(bytes));
    return;
  }
  std::fprintf(stderr,
               "sim: %s: tags has no \"%s\", which node %s core %u ran; the "
               "simulation ends\n",
               node.costs_->path().c_str(), TagName(tag).c_str(),
               node.name_.c_str(), core.id.index());
  End(Sim::kWrongConfigurationExitCode);
}

void Simulation::Charge(Duration time) {
  double slowdown = core_->node->slowdown_;
  if (slowdown != 1) {
    time = Duration(static_cast<int64_t>(static_cast<double>(time.count()) *
                                         slowdown));
  }
  core_->now += time;
}

std::string Simulation::TagName(uint32_t tag) const {
  std::string name(tag_name_ == nullptr ? "" : tag_name_(tag));
  return name.empty() ? "tag " + std::to_string(tag) : name;
}

void Simulation::ReportStuck(const char* what) {
  std::fprintf(stderr, "sim: %s at %" PRId64 " ns (seed %" PRIu64 "):\n", what,
               now_.time_since_epoch().count(), seed_);
  size_t named = 0;
  for (auto& node : nodes_) {
    if (!node->up_ || named++ >= kNamedMax) continue;
    std::span<SimCore> cores = node->cores();
    SimCore& last = *std::max_element(
        cores.begin(), cores.end(),
        [](const SimCore& a, const SimCore& b) {
          return a.last_event < b.last_event;
        });
    std::fprintf(stderr,
                 "sim: all %zu cores of node %s wait; the last event was on "
                 "core %u at %" PRId64 " ns: %s\n",
                 cores.size(), node->name_.c_str(), last.id.index(),
                 last.last_event.time_since_epoch().count(),
                 TagName(last.last_tag).c_str());
  }
  if (named > kNamedMax) {
    std::fprintf(stderr, "sim: and of %zu nodes more\n", named - kNamedMax);
  }
}

}  // namespace ebbrt::platform
