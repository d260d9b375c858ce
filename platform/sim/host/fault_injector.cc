#include "platform/sim/host/fault_injector.h"

#include <cmath>
#include <utility>

namespace ebbrt::platform {
namespace {

using Kind = PlannedFault::Kind;

// The stream of a simulation's seed that plans are drawn from.
constexpr uint64_t kPlanStream = ~uint64_t{0};

Duration Scaled(Duration whole, double part) {
  return Duration(
      static_cast<int64_t>(static_cast<double>(whole.count()) * part));
}

// One of the faults that an entry of the plan bounds.
PlannedFault Draw(const PlannedFault& bounds, Random& random) {
  PlannedFault drawn;
  drawn.kind = bounds.kinds[random.Below(bounds.kinds.size())];
  drawn.lasts = Scaled(*bounds.lasts, random.Fraction());
  drawn.factor = 1 + (bounds.factor - 1) * random.Fraction();
  drawn.link = {.loss = bounds.link.loss * random.Fraction(),
                .duplicate = bounds.link.duplicate * random.Fraction(),
                .corrupt = bounds.link.corrupt * random.Fraction(),
                .reorder = bounds.link.reorder * random.Fraction(),
                .reorder_delay = bounds.link.reorder_delay};
  // Fast or slow, early or late.
  drawn.clock = {
      .wall_offset =
          Scaled(bounds.clock.wall_offset, 2 * random.Fraction() - 1),
      .drift_ppb = static_cast<int64_t>(
          static_cast<double>(bounds.clock.drift_ppb) *
          (2 * random.Fraction() - 1))};
  return drawn;
}

}  // namespace

FaultInjector::FaultInjector(Simulation& simulation, Fabric& fabric,
                             NodeKeeper& keeper)
    : simulation_(simulation), fabric_(fabric), keeper_(keeper) {}

FaultInjector::~FaultInjector() {
  for (Action& action : actions_) simulation_.Cancel(action);
}

absl::StatusOr<std::vector<SimNode*>> FaultInjector::Find(
    const std::vector<std::string>& names) {
  std::vector<SimNode*> nodes;
  for (const std::string& name : names) {
    std::vector<SimNode*> found = keeper_.FindNodes(name);
    if (found.empty()) {
      return absl::InvalidArgumentError(
          "simulation.faults: found the node \"" + name +
          "\", expected a node's name or role");
    }
    nodes.insert(nodes.end(), found.begin(), found.end());
  }
  return nodes;
}

absl::Status FaultInjector::Start(const FaultPlan& plan, uint64_t seed) {
  Random random(seed, kPlanStream);
  for (const PlannedFault& fault : plan) {
    absl::StatusOr<std::vector<SimNode*>> nodes = Find(fault.nodes);
    if (!nodes.ok()) return nodes.status();
    if (fault.kind == Kind::kRandom) {
      PlanDrawn(fault, *std::move(nodes), random);
    } else {
      Plan(fault, *nodes);
    }
  }
  return absl::OkStatus();
}

void FaultInjector::Plan(const PlannedFault& fault,
                         const std::vector<SimNode*>& nodes) {
  At(fault.at, [this, &fault, nodes] { Begin(fault, nodes); });
  if (fault.lasts.has_value()) {
    At(fault.at + *fault.lasts, [this, &fault, nodes] { End(fault, nodes); });
  }
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
  keeper_.OnFault(fault, nodes, /*begins=*/true);
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
        ChangeLinks(*node,
                    [&fault](Link& link) { link.SetFaults(fault.link); });
        break;
      case Kind::kClock:
        simulation_.SetClock(*node, fault.clock);
        break;
      case Kind::kPartition:
      case Kind::kRandom:
        break;
    }
  }
}

void FaultInjector::End(const PlannedFault& fault,
                        const std::vector<SimNode*>& nodes) {
  keeper_.OnFault(fault, nodes, /*begins=*/false);
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
        ChangeLinks(*node, [](Link& link) { link.SetFaults({}); });
        break;
      case Kind::kClock:
        simulation_.SetClock(*node, {});
        break;
      case Kind::kPartition:
      case Kind::kRandom:
        break;
    }
  }
}

void FaultInjector::PlanDrawn(const PlannedFault& fault,
                              std::vector<SimNode*> nodes, Random& random) {
  if (nodes.empty()) {
    for (size_t i = 0; i < simulation_.node_count(); ++i) {
      nodes.push_back(&simulation_.node(static_cast<uint32_t>(i)));
    }
  }
  Time at = fault.at;
  for (size_t i = 0; i < kDrawnMax; ++i) {
    // A Poisson process.
    at += Scaled(fault.mean_gap, -std::log(1 - random.Fraction()));
    if (at >= fault.until) return;
    PlannedFault& drawn = drawn_.emplace_back(Draw(fault, random));
    drawn.at = at;
    Plan(drawn, {nodes[random.Below(nodes.size())]});
  }
}

}  // namespace ebbrt::platform
