// A run of one node: its cores, its time, and what is next.
//
// Of each core the queue holds at most one event: that its Wait returns. So the
// simulation is this loop, turned inside out: take the first of the queue, be
// that core until it waits, put it back.
//
// Cores: one host thread. Ownership: of its cores. Blocks: Run.
#ifndef EBBRT_PLATFORM_SIM_SIMULATION_H_
#define EBBRT_PLATFORM_SIM_SIMULATION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/base/random.h"
#include "core/base/types.h"
#include "platform/contract.h"
#include "platform/sim/event_queue.h"
#include "platform/sim/faults.h"
#include "platform/sim/representatives.h"

namespace ebbrt::platform {

// A core; as an event it is the return from its Wait.
struct SimCore : SimEvent {
  explicit SimCore(CoreId id_in) : id(id_in) {}

  const CoreId id;
  // How far it has come. Ahead of the queue's time while it runs, by what it
  // has been charged.
  Time now{};
  // It has been woken since it last returned from Wait.
  bool woken = false;
  SimRepresentatives representatives;
};

class Simulation {
 public:
  // A request to stop that has come from outside: its handler.
  struct StopHandler {
    void (*function)(void* context) = nullptr;
    void* context = nullptr;
  };

  Simulation(const NodeOptions& options, const SimFaults& faults);
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  // The calling thread's; null if it runs none.
  static thread_local constinit Simulation* current;

  // Runs the program to its end; returns the exit code.
  int Run(const CoreProgram& program);

  // As in the contract; for Wait and others the caller is the present core.
  bool Wait(Time deadline);
  void Wake(CoreId core);
  void Exit(int code);
  bool ServiceInterrupts();
  void SetStopHandler(const StopHandler& handler) { stop_handler_ = handler; }
  bool RefusesCommit() { return fault_.Chance(faults_.commit_refused); }
  void FillEntropy(std::span<std::byte> bytes);

  SimCore& core() { return *core_; }
  uint32_t core_count() const { return static_cast<uint32_t>(cores_.size()); }
  uint64_t history() const { return history_; }

 private:
  Duration Draw(Duration low, Duration high) {
    return Duration(order_.Between(low.count(), high.count()));
  }
  // Has the core return from Wait at `time`, or soon after.
  void Schedule(SimCore& core, Time time);
  // Schedules the return of a core that begins to wait, if it ever returns.
  void Park(SimCore& core, Time deadline);
  // Goes on as the core.
  void BecomeCore(SimCore& core);
  void ResumeCore(SimCore& core, Time time);
  void ReportDeadlock();

  const SimFaults faults_;
  const uint64_t seed_;
  // Three streams, so that what one part draws does not move the others.
  Random order_;
  Random fault_;
  Random entropy_;
  std::vector<std::unique_ptr<SimCore>> cores_;
  EventQueue queue_;
  SimCore* core_ = nullptr;  // The present one.
  bool ends_ = false;
  int code_ = 0;
  StopHandler stop_handler_;
  uint64_t history_ = 0;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_SIMULATION_H_
