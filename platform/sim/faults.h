// What the simulator lets go wrong, and how late it may be.
//
// EBBRT_SIM_FAULTS="commit_refused=0.01,wake_latency_max_ns=50000" sets them
// for every node that a process runs; Sim::SetFaults (platform/sim/sim.h) does
// for a test. Which of the times it goes wrong is drawn from the node's seed.
//
// Cores: none; before a node runs. Errors: text that names an unknown fault,
// or a value out of its range, is reported in words.
#ifndef EBBRT_PLATFORM_SIM_FAULTS_H_
#define EBBRT_PLATFORM_SIM_FAULTS_H_

#include <string>
#include <string_view>

#include "core/base/types.h"

namespace ebbrt::platform {

struct SimFaults {
  // Probabilities. Of CommitPages, called from a core, to refuse memory;
  double commit_refused = 0;
  // of Wait to return early, for no reason.
  double wait_early = 0;

  // A core that is woken returns from Wait that much later.
  Duration wake_latency_min{200};
  Duration wake_latency_max{1500};
  // A deadline is noticed up to that much late.
  Duration timer_slack_max{200};
  // What it costs to wait and come back; more than nothing, or a core that
  // polls would stop the time.
  Duration wait_cost_min{20};
  Duration wait_cost_max{80};

  // The network "memory": as in MemoryNetworkOptions.
  Duration network_delay{5000};
  Duration network_jitter{2000};
  double network_loss = 0;
  double network_reset = 0;
  double network_refuse = 0;
};

// Reads what EBBRT_SIM_FAULTS says. Returns what is wrong with it; "" if
// nothing is.
std::string ReadSimFaults(SimFaults& faults);

// Reads "name=value,name=value", durations with "_ns" behind their names, over
// what `faults` has. Returns what is wrong with it; "" if nothing is.
std::string ParseSimFaults(std::string_view text, SimFaults& faults);

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_FAULTS_H_
