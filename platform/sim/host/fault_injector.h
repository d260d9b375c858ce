// Lets the faults of a plan happen (platform/sim/host/fault_plan.h).
//
// Cores: actions, between turns. Ownership: of its actions. Allocates: yes.
// Bound: kDrawnMax faults are drawn of an entry of the plan.
#ifndef EBBRT_PLATFORM_SIM_HOST_FAULT_INJECTOR_H_
#define EBBRT_PLATFORM_SIM_HOST_FAULT_INJECTOR_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/random.h"
#include "platform/sim/host/fault_plan.h"
#include "platform/sim/network/fabric.h"
#include "platform/sim/simulation.h"

namespace ebbrt::platform {

// Who knows the nodes by name and starts their applications.
class NodeKeeper {
 public:
  // The node of that name, or all of that role; none if there is none.
  virtual std::vector<SimNode*> FindNodes(const std::string& name) = 0;
  virtual void Crash(SimNode& node) = 0;
  virtual void Restart(SimNode& node) = 0;
  // A fault begins on these nodes, or ends.
  virtual void OnFault(const PlannedFault& fault,
                       const std::vector<SimNode*>& nodes, bool begins) = 0;

 protected:
  ~NodeKeeper() = default;
};

class FaultInjector {
 public:
  static constexpr size_t kDrawnMax = 1 << 20;

  FaultInjector(Simulation& simulation, Fabric& fabric, NodeKeeper& keeper);
  ~FaultInjector();

  // Schedules the plan. Errors: kInvalidArgument for a node that is not there.
  absl::Status Start(const FaultPlan& plan, uint64_t seed);

 private:
  struct Action final : SimAction {
    explicit Action(std::function<void()> does_in)
        : does(std::move(does_in)) {}
    void Happen(Time) override { does(); }
    const std::function<void()> does;
  };

  // The nodes of these names and roles.
  absl::StatusOr<std::vector<SimNode*>> Find(
      const std::vector<std::string>& names);
  void At(Time time, std::function<void()> does);
  void Plan(const PlannedFault& fault, const std::vector<SimNode*>& nodes);
  void Begin(const PlannedFault& fault, const std::vector<SimNode*>& nodes);
  void End(const PlannedFault& fault, const std::vector<SimNode*>& nodes);
  void PlanDrawn(const PlannedFault& fault, std::vector<SimNode*> nodes,
                 Random& random);
  // Calls `change` with the links of a node.
  void ChangeLinks(SimNode& node, const std::function<void(Link&)>& change);

  Simulation& simulation_;
  Fabric& fabric_;
  NodeKeeper& keeper_;
  std::deque<PlannedFault> drawn_;
  std::deque<Action> actions_;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_HOST_FAULT_INJECTOR_H_
