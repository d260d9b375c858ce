// Hosts the nodes of an experiment in one process: boots them in order, gives
// each its application and parameters, passes their reports on, and ends.
//
// As with processes, a node starts once the services before it are ready; when
// all that are no services have ended, services are asked to stop. What a node
// writes goes to standard output: a report with its node's name and role in
// it, other lines behind the name. The host adds reports of its own:
//
//   {"event": "end", "node", "role", "code"}           a node has ended
//   {"event": "fault", "kind", "nodes", "begins", "virtual_ns"}
//   {"event": "simulation", "virtual_ns", "turns", "actions", "messages",
//    "history", "time": {ROLE: as Account::ToJson}}     all have ended
//
// Cores: the process's main thread. Ownership: of all nodes. Blocks: Run.
// Errors: the exit code: 0 if all nodes ended with 0; 2 for a wrong
// configuration; Sim::kDeadlockExitCode; else 1.
// Source: design: "Simulator platform", "Applications".
#ifndef EBBRT_PLATFORM_SIM_HOST_HOST_H_
#define EBBRT_PLATFORM_SIM_HOST_HOST_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "core/app/command_line.h"
#include "core/event/node.h"
#include "platform/sim/host/account.h"
#include "platform/sim/host/fault_injector.h"
#include "platform/sim/host/host_document.h"
#include "platform/sim/host/host_network.h"
#include "platform/sim/host/time_line.h"
#include "platform/sim/network/fabric.h"
#include "platform/sim/network/flow_world.h"
#include "platform/sim/nic/sim_nic.h"
#include "platform/sim/simulation.h"

namespace ebbrt::platform {

class Host final : public NodeKeeper, public SimObserver {
 public:
  // The document and the network outlive it.
  Host(const HostDocument& document, HostNetwork& network);
  ~Host();

  // Runs to the end; returns the exit code.
  int Run();

  Simulation& simulation() { return simulation_; }
  Fabric& fabric() { return fabric_; }

  // Of NodeKeeper, for faults.
  std::vector<SimNode*> FindNodes(const std::string& name) override;
  void Crash(SimNode& node) override;
  void Restart(SimNode& node) override;
  void OnFault(const PlannedFault& fault, const std::vector<SimNode*>& nodes,
               bool begins) override;
  // Of SimObserver.
  void OnEvent(const SimCore& core, uint32_t tag, uint64_t bytes,
               Time begin) override;

 private:
  // A node of the document.
  class HostNode final : public SimProgram {
   public:
    HostNode(Host& host, const HostNodeGroup& group, uint32_t index)
        : host_(host), group_(group), index_(index) {}

    CoreProgram Boot(SimNode& node) override;
    void OnEnd(SimNode& node, int code) override;
    void WriteConsole(SimNode& node, std::string_view text) override;

    Host& host_;
    const HostNodeGroup& group_;
    const uint32_t index_;  // Among those of its group.
    SimNode* node_ = nullptr;
    ApplicationOptions options_;
    std::unique_ptr<NodeProgram> program_;
    bool started_ = false;
    bool crashes_ = false;  // On purpose: that is no failure.
    bool is_ready_ = false;
    // What it said when it was ready; null: it never was.
    nlohmann::json ready_;
    Account* account_ = nullptr;  // Its role's.
  };

  // Boots what may start, in an action of its own.
  struct BootAction final : SimAction {
    explicit BootAction(Host& host_in) : host(host_in) {}
    void Happen(Time) override { host.BootNext(); }
    Host& host;
  };

  void BootNext();
  bool BootOne(HostNode& node);
  void ScheduleBoot();
  // Gives the node the parameters that its references stand for.
  absl::Status FillParameters(HostNode& node);
  absl::StatusOr<nlohmann::json> LookUp(const HostNode& node,
                                        std::string_view reference);
  void OnReport(HostNode& node, std::string_view text);
  void OnEnd(HostNode& node, int code);
  void StopServices();
  void Fail(const HostNode& node, const std::string& what, int code);
  std::string NameOf(const HostNodeGroup& group, uint32_t index) const;
  void WriteReport(nlohmann::json report);
  // At the end.
  void WriteSummary();
  // On those of the nodes.
  uint64_t LostOnLinks();
  int WriteTimeLine();

  const HostDocument& document_;
  HostNetwork& network_;
  Simulation simulation_;
  Fabric fabric_;
  // One of the two, as the document has it.
  std::optional<FlowWorld> flow_world_;
  std::optional<NicWorld> nic_world_;
  std::deque<HostNode> nodes_;
  // The first of each role.
  std::map<std::string, HostNode*, std::less<>> roles_;
  std::map<std::string, Account, std::less<>> accounts_;  // By role.
  std::unique_ptr<TimeLine> time_line_;  // Null: nobody wants one.
  FaultInjector faults_;
  BootAction boot_;
  size_t next_ = 0;      // The first that was not booted yet.
  size_t tasks_ = 0;     // That have not ended.
  size_t services_ = 0;  // The same.
  bool stopping_ = false;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_HOST_HOST_H_
