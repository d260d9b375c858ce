#include "platform/sim/host/fault_injector.h"

#include <cmath>
#include <utility>

namespace ebbrt::platform {
namespace {

using Kind = PlannedFault::Kind;

// The stream of a simulation's seed that plans are drawn from.
constexpr uint64_t kPlanStream = ~uint64_t{0};

}  // namespace

FaultInjector::FaultInjector(Simulation& simulation, Fabric& fabric,
                             NodeKeeper& keeper)
    : simulation_(simulation), fabric_(fabric), keeper_(keeper) {}

FaultInjector::~FaultInjector() {
  for (Action& action : actions_) simulation_.Cancel(action);
}

absl::Status FaultInjector::Start(const FaultPlan& plan, uint64_t seed) {
  Random random(seed, kPlanStream);
  for (const PlannedFault& fault : plan) {
    if (fault.kind == Kind::kRandomCrashes) {
      StartRandomCrashes(fault, random);
      continue;
    }
    std::vector<SimNode*> nodes;
    for (const std::string& name : fault.nodes) {
      std::vector<SimNode*> found = keeper_.FindNodes(name);
      if (found.empty()) {
        return absl::InvalidArgumentError(
            "simulation.faults: found the node \"" + name +
            "\", expected a node's name or role");
      }
      nodes.insert(nodes.end(), found.begin(), found.end());
    }
    At(fault.at, [this, &fault, nodes] { Begin(fault, nodes); });
    if (fault.lasts.has_value()) {
      At(fault.at + *fault.lasts, [this, &fault, nodes] { End(fault, nodes); });
    }
  }
  return absl::OkStatus();
}

void FaultInjector::At(Time time, std::function<void()> does) {
  simulation_.Schedule(actions_.emplace_back(std::move(does)), time);
}

void FaultInjector::ChangeLinks(SimNode& node,
                                const std::function<void(Link&)>& change) {
  change(fabric_.topology().UpLink(node.number()));
  change(fabric_.topology().DownLink(node.number()));
}

void FaultInjector::Begin(const PlannedFault& fault,
                          const std::vector<SimNode*>& nodes) {
  if (fault.kind == Kind::kPartition) {
    fabric_.Partition(nodes);
    return;
  }
  for (SimNode* node : nodes) {
    switch (fault.kind) {
      case Kind::kCrash:
        keeper_.Crash(*node);
        break;
      case Kind::kSlow:
        node->SetSlowdown(fault.factor);
        break;
      case Kind::kLinkDown:
        fabric_.SetLinkUp(node->number(), false);
        break;
      case Kind::kImpair:
        ChangeLinks(*node, [&fault](Link& link) { link.faults = fault.link; });
        break;
      case Kind::kClock:
        node->SetClock(fault.clock);
        break;
      case Kind::kPartition:
      case Kind::kRandomCrashes:
        break;
    }
  }
}

void FaultInjector::End(const PlannedFault& fault,
                        const std::vector<SimNode*>& nodes) {
  if (fault.kind == Kind::kPartition) {
    fabric_.Partition({});
    return;
  }
  for (SimNode* node : nodes) {
    switch (fault.kind) {
      case Kind::kCrash:
        keeper_.Restart(*node);
        break;
      case Kind::kSlow:
        node->SetSlowdown(1);
        break;
      case Kind::kLinkDown:
        fabric_.SetLinkUp(node->number(), true);
        break;
      case Kind::kImpair:
        ChangeLinks(*node, [](Link& link) { link.faults = {}; });
        break;
      case Kind::kClock:
        node->SetClock({});
        break;
      case Kind::kPartition:
      case Kind::kRandomCrashes:
        break;
    }
  }
}

void FaultInjector::StartRandomCrashes(const PlannedFault& fault,
                                       Random& random) {
  Time at = fault.at;
  for (size_t i = 0; i < kRandomCrashesMax; ++i) {
    // A Poisson process.
    at += Duration(static_cast<int64_t>(
        -std::log(1 - random.Fraction()) *
        static_cast<double>(fault.mean_gap.count())));
    if (at >= fault.until) return;
    SimNode& node = simulation_.node(
        static_cast<uint32_t>(random.Below(simulation_.node_count())));
    At(at, [this, &node] { keeper_.Crash(node); });
    if (fault.lasts.has_value()) {
      At(at + *fault.lasts, [this, &node] { keeper_.Restart(node); });
    }
  }
}

}  // namespace ebbrt::platform
