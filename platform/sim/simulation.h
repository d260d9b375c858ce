// A run of nodes in one virtual time: whose turn it is, and what is next.
//
// Of each core the queue holds at most one event: that its Wait returns. So the
// simulation is this loop, turned inside out: take the first of the queue, be
// that core until it waits, put it back. Besides cores there are actions: a
// frame's arrival, a fault, a boot; they happen between the turns of cores.
//
//   nodes' programs ---- Wait, Wake, Exit, ... ----> Simulation
//   network, faults, host ---- Schedule, Raise -----'   |
//                                                   EventQueue
//
// Cores: one host thread; while a core runs, what is said of "the present
// core" is said of that one. Ownership: of its nodes. Blocks: Run.
// Allocates: nodes. Bound: kNodesMax; TimeLimit.
// Errors: nodes that wait for ever, or for longer than the limit, end with
// Sim::kDeadlockExitCode, and are named on standard error.
#ifndef EBBRT_PLATFORM_SIM_SIMULATION_H_
#define EBBRT_PLATFORM_SIM_SIMULATION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/base/types.h"
#include "platform/contract.h"
#include "platform/sim/event_queue.h"
#include "platform/sim/faults.h"
#include "platform/sim/sim_node.h"

namespace ebbrt::platform {

class FlowWorld;
class NicWorld;

// Who is told of everything that cores do.
class SimObserver {
 public:
  // The present core has run something since `begin`, to its time now.
  virtual void OnEvent(const SimCore& core, uint32_t tag, uint64_t bytes,
                       Time begin) = 0;

 protected:
  ~SimObserver() = default;
};

struct SimulationOptions {
  uint64_t seed = 1;
  SimFaults faults;
  // What has not ended by then never will.
  Time time_limit = kTimeNever;
  // The name of a tag, for messages; null: its number.
  std::string_view (*tag_name)(uint32_t tag) = nullptr;
};

class Simulation {
 public:
  static constexpr size_t kNodesMax = size_t{1} << 22;
  // How many nodes a message about all of them names.
  static constexpr size_t kNamedMax = 8;

  explicit Simulation(const SimulationOptions& options);
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  // The calling thread's; null if it runs none.
  static thread_local constinit Simulation* current;

  // A node, not up yet. `program` outlives the simulation.
  SimNode& AddNode(std::string name, const NodeOptions& options,
                   SimProgram& program);
  SimNode& node(uint32_t number) { return *nodes_[number]; }
  size_t node_count() const { return nodes_.size(); }

  // From outside of cores: before Run, or in an action.
  // Brings a node up. REQUIRES: it is not.
  void Boot(SimNode& node);
  // Asks a node to end in good order.
  void RequestStop(SimNode& node);
  // Ends a node at once, as a loss of power does: nothing more of it is seen.
  // Nothing if it is not up.
  void Crash(SimNode& node);

  // Changes a node's clock, from now on.
  void SetClock(SimNode& node, const SimClock& clock);

  // Runs until End, or until nothing more can happen.
  void Run();
  // The same in parts, for who drives several models of time: lets happen what
  // happens until `time`; or, if Pause is called meanwhile, to the end of the
  // turn or the action that did. False: all has ended.
  bool RunUntil(Time time);
  void Pause() { horizon_ = Time::min(); }
  // The end of Run.
  void FinishAll();
  // When the next thing happens; kTimeNever if there is none.
  Time next_time() const { return queue_.next_time(); }
  // Leaves Run after the turn under way. The first code given counts.
  void End(int code);
  bool ended() const { return ended_; }
  int code() const { return code_; }

  // Has the action happen then, or as soon as possible.
  void Schedule(SimAction& action, Time time);
  void Cancel(SimAction& action) { queue_.Cancel(action); }
  // The time that all has come to: an action's own, or that which the present
  // core had when its turn began.
  Time now() const { return now_; }

  // Hands an interrupt to a core, in an action; from a core, to itself or to
  // another core of its node.
  void Raise(SimCore& core, SimInterrupt& interrupt);
  // Has `output` leave when the present core's turn ends.
  void LeaveLater(SimOutput& output) { core_->outputs.PushBack(&output); }

  // The flow network between the nodes (platform/sim/network); null: there is
  // none. Not the simulation's own.
  void SetFlowWorld(FlowWorld* world) { flow_world_ = world; }
  FlowWorld* flow_world() { return flow_world_; }
  // The same of the NICs (platform/sim/nic).
  void SetNicWorld(NicWorld* world) { nic_world_ = world; }
  NicWorld* nic_world() { return nic_world_; }

  // Null: nobody wants to know. It outlives the simulation.
  void SetObserver(SimObserver* observer) { observer_ = observer; }

  // As in the contract, of the present core and its node.
  bool Wait(Time deadline);
  void Wake(CoreId core);
  void Exit(int code);
  bool ServiceInterrupts();
  void SetStopHandler(const SimNode::StopHandler& handler);
  void EndEvent(uint32_t tag, uint64_t bytes);
  void Charge(Duration time);
  bool RefusesCommit() { return fault_.Chance(faults_.commit_refused); }

  // Whether there is a present core; and that core.
  bool has_core() const { return core_ != nullptr; }
  SimCore& core() { return *core_; }
  const SimFaults& faults() const { return faults_; }
  // What goes wrong is drawn from it.
  Random& fault_random() { return fault_; }

  // A digest of which core went on when.
  uint64_t history() const { return history_; }
  // How many turns of cores, and how many actions there have been.
  uint64_t turns() const { return turns_; }
  uint64_t actions() const { return actions_; }
  // Whether there have been any since the last call, which may come from a
  // signal handler.
  bool MovedSinceLastLook() {
    uint64_t moves = turns_ + actions_;
    return moves != std::exchange(looked_at_, moves);
  }

 private:
  Duration Draw(Duration low, Duration high) {
    if (low == high) return low;
    return Duration(order_.Between(low.count(), high.count()));
  }
  // Has the core return from Wait at `time`, or soon after.
  void ScheduleCore(SimCore& core, Time time);
  // Schedules the return of a core that begins to wait, if it ever returns.
  void Park(SimCore& core, Time deadline);
  void WakeCore(SimCore& core, Time time);
  // Lets things happen until a core has its turn, which becomes the present
  // one. False: that is all.
  bool Advance();
  void BecomeCore(SimCore& core);
  void LeaveCore();
  void ResumeCore(SimCore& core, Time time);
  void LetOutputsLeave(SimCore& core);
  // What the present core has run costs that.
  void ChargeFor(uint32_t tag, uint64_t bytes);
  // Takes a node down.
  void Finish(SimNode& node, int code);
  void ReportStuck(const char* what);
  std::string TagName(uint32_t tag) const;

  const SimFaults faults_;
  const uint64_t seed_;
  const Time time_limit_;
  std::string_view (*const tag_name_)(uint32_t tag);
  // Two streams, so that what one part draws does not move the other.
  Random order_;
  Random fault_;
  std::vector<std::unique_ptr<SimNode>> nodes_;
  size_t up_count_ = 0;
  EventQueue queue_;
  SimCore* core_ = nullptr;  // The present one.
  SimNode* last_ = nullptr;  // Ends, and no other is up.
  Time now_{};
  Time horizon_ = kTimeNever;  // What comes after it has to wait.
  FlowWorld* flow_world_ = nullptr;
  NicWorld* nic_world_ = nullptr;
  SimObserver* observer_ = nullptr;
  bool ended_ = false;
  int code_ = 0;
  uint64_t history_ = 0;
  uint64_t turns_ = 0;
  uint64_t actions_ = 0;
  uint64_t looked_at_ = 0;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_SIMULATION_H_
