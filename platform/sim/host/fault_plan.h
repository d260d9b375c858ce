// What goes wrong in a simulation, and when: from its document, or drawn from
// its seed.
//
//   [{"kind": "crash", "node": "server", "at_s": 1, "for_s": 0.5},
//    {"kind": "slow", "node": "server-3", "at_s": 2, "for_s": 1, "factor": 4},
//    {"kind": "link_down", "node": "client", "at_s": 1, "for_s": 0.1},
//    {"kind": "partition", "nodes": "a,b", "at_s": 1, "for_s": 1},
//    {"kind": "impair", "node": "client", "at_s": 0, "loss": 0.01,
//     "duplicate": 0.001, "reorder": 0.01, "corrupt": 0.001},
//    {"kind": "clock", "node": "client", "at_s": 0, "offset_ns": 1000000,
//     "drift_ppb": 20000},
//    {"kind": "random", "kinds": "crash,partition", "nodes": "server,client",
//     "at_s": 1, "until_s": 10, "mean_gap_s": 2, "for_s": 0.5}]
//
// "node" is a node's name or a role, which stands for all its nodes; "nodes"
// are several, and a partition lies between them and all others; a later one
// takes its place. Without "for_s" a fault lasts to the end. A node that has
// crashed boots again after "for_s"; its application starts from nothing.
//
// What is corrupted arrives with a bit changed where it is a packet of our own
// stack's, whose checksums tell; anything else is lost.
//
// "random" draws from the seed: faults of those kinds, at times that are a
// Poisson process, each of one of the nodes (all, if none are named), each for
// "for_s" at most. What its kind takes ("factor", "loss", ...) are bounds that
// each draws below. Where two of a kind overlap on a node, the end of the first
// is the end of both.
//
// Cores: called before there are any. Errors: kInvalidArgument, with the place.
#ifndef EBBRT_PLATFORM_SIM_HOST_FAULT_PLAN_H_
#define EBBRT_PLATFORM_SIM_HOST_FAULT_PLAN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/app/parameters.h"
#include "core/base/types.h"
#include "platform/sim/network/link.h"
#include "platform/sim/sim_node.h"

namespace ebbrt::platform {

struct PlannedFault {
  enum class Kind : uint8_t {
    kCrash,
    kSlow,
    kLinkDown,
    kPartition,
    kImpair,
    kClock,
    kRandom,
  };

  Kind kind = Kind::kCrash;
  std::vector<std::string> nodes;  // Names or roles.
  Time at{};
  std::optional<Duration> lasts;  // None: to the end.
  double factor = 1;              // Of kSlow.
  LinkFaults link;                // Of kImpair.
  SimClock clock;                 // Of kClock.
  std::vector<Kind> kinds;        // Of kRandom.
  Time until{};                   // The same.
  Duration mean_gap{};            // The same.
};

// As in a plan.
std::string_view FaultName(PlannedFault::Kind kind);

using FaultPlan = std::vector<PlannedFault>;

// Reads the list at `key` of what `reader` reads, whose Finish tells errors.
FaultPlan ReadFaultPlan(ParameterReader& reader, std::string_view key);

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_HOST_FAULT_PLAN_H_
