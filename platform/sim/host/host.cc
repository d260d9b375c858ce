#include "platform/sim/host/host.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <utility>

#include "core/app/application.h"
#include "core/app/run_application.h"
#include "core/net/endpoint.h"
#include "core/trace/event_tag.h"
#include "platform/sim/host/references.h"
#include "platform/sim/network/addresses.h"
#include "platform/sim/sim.h"

namespace ebbrt::platform {
namespace {

using nlohmann::json;

SimulationOptions OptionsOf(const HostDocument& document) {
  return {.seed = document.seed,
          .faults = document.faults,
          .time_limit = Time(document.time_limit),
          .tag_name = EventTagName};
}

FlowOptions FlowOptionsOf(const HostDocument& document) {
  FlowOptions options;
  options.reads_at_once = document.calibration.has_value() &&
                          document.calibration->reads_at_once();
  return options;
}

// The endpoint of a node, as others reach it: a node that listens on whatever
// addresses it has does not know the one that it has in the network.
json Reachable(const json& value, uint32_t node) {
  if (!value.is_string()) return value;
  absl::StatusOr<Endpoint> endpoint =
      Endpoint::Parse(value.get_ref<const std::string&>());
  if (!endpoint.ok() || endpoint->address != IpAddress()) return value;
  return Endpoint{SimAddressOf(node), endpoint->port}.ToString();
}

}  // namespace

Host::Host(const HostDocument& document, HostNetwork& network)
    : document_(document),
      network_(network),
      simulation_(OptionsOf(document)),
      fabric_(simulation_, network.TakeTopology()),
      faults_(simulation_, fabric_, *this),
      boot_(*this) {
  for (const HostNodeGroup& group : document.groups) {
    for (uint32_t i = 0; i < group.count; ++i) {
      HostNode& node = nodes_.emplace_back(*this, group, i);
      node.options_.node.core_count = group.cores;
      node.options_.node.seed = document.seed + nodes_.size() - 1;
      node.options_.role = group.role;
      node.options_.network = group.network;
      node.node_ = &simulation_.AddNode(NameOf(group, i), node.options_.node,
                                        node);
      if (document.calibration.has_value()) {
        node.node_->SetCosts(
            &document.calibration->CostsOf(group.application->name));
        node.node_->SetWakeLatency(document.calibration->wake());
      }
      ++(group.is_service ? services_ : tasks_);
      roles_.emplace(group.role, &node);
      node.account_ = &accounts_[group.role];
    }
  }
  if (document.fidelity == kPacketFidelity) {
    nic_world_.emplace(simulation_, fabric_);
  } else {
    flow_world_.emplace(simulation_, fabric_, FlowOptionsOf(document));
  }
  simulation_.SetObserver(this);
}

Host::~Host() { simulation_.Cancel(boot_); }

std::string Host::NameOf(const HostNodeGroup& group, uint32_t index) const {
  if (group.count == 1) return group.role;
  return group.role + "-" + std::to_string(index);
}

int Host::Run() {
  absl::Status planned = faults_.Start(document_.fault_plan, document_.seed);
  if (!planned.ok()) {
    std::fprintf(stderr, "sim: %s\n", std::string(planned.message()).c_str());
    return kExitWrongConfiguration;
  }
  if (!document_.trace.empty()) {
    auto time_line = TimeLine::Create(document_.trace);
    if (!time_line.ok()) {
      std::fprintf(stderr, "sim: %s\n",
                   std::string(time_line.status().message()).c_str());
      return kExitWrongConfiguration;
    }
    time_line_ = *std::move(time_line);
  }
  ScheduleBoot();
  network_.Run(simulation_, fabric_);
  WriteSummary();
  return WriteTimeLine();
}

int Host::WriteTimeLine() {
  if (time_line_ == nullptr) return simulation_.code();
  absl::Status written = time_line_->Write(simulation_);
  if (written.ok()) return simulation_.code();
  std::fprintf(stderr, "sim: %s\n", std::string(written.message()).c_str());
  return kExitFailed;
}

uint64_t Host::LostOnLinks() {
  uint64_t lost = 0;
  for (const HostNode& node : nodes_) {
    const uint32_t number = node.node_->number();
    lost += fabric_.topology().UpLink(number).lost +
            fabric_.topology().DownLink(number).lost;
  }
  return lost;
}

void Host::WriteSummary() {
  char history[17];
  std::snprintf(history, sizeof(history), "%016" PRIx64,
                simulation_.history());
  json time = json::object();
  for (const HostNodeGroup& group : document_.groups) {
    Duration whole = simulation_.now().time_since_epoch() *
                     static_cast<int64_t>(group.count * group.cores);
    time[group.role] = accounts_[group.role].ToJson(whole);
  }
  json report = {{"event", "simulation"},
                 {"virtual_ns", simulation_.now().time_since_epoch().count()},
                 {"turns", simulation_.turns()},
                 {"actions", simulation_.actions()},
                 {"lost", LostOnLinks()},
                 {"history", history},
                 {"time", std::move(time)}};
  if (flow_world_.has_value()) {
    report["messages"] = flow_world_->messages();
  } else {
    report["frames"] = nic_world_->sent();
    report["frames_dropped"] = nic_world_->dropped();
  }
  WriteReport(std::move(report));
}

void Host::WriteReport(json report) {
  Sim::WriteStandardOutput(
      std::string(kReportPrefix) +
      report.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

void Host::ScheduleBoot() {
  if (!boot_.scheduled()) simulation_.Schedule(boot_, simulation_.now());
}

void Host::BootNext() {
  for (; next_ < nodes_.size(); ++next_) {
    // Services of other groups come first.
    const HostNodeGroup& group = nodes_[next_].group_;
    for (size_t i = 0; i < next_; ++i) {
      const HostNode& earlier = nodes_[i];
      if (&earlier.group_ == &group) break;
      if (earlier.group_.is_service && !earlier.is_ready_) return;
    }
    if (!BootOne(nodes_[next_])) return;
  }
}

bool Host::BootOne(HostNode& node) {
  absl::Status filled = FillParameters(node);
  if (!filled.ok()) {
    Fail(node, std::string(filled.message()), kExitWrongConfiguration);
    return false;
  }
  node.started_ = true;
  if (time_line_ != nullptr) {
    time_line_->AddMark(*node.node_, "boots", simulation_.now());
  }
  simulation_.Boot(*node.node_);
  return true;
}

absl::Status Host::FillParameters(HostNode& node) {
  absl::StatusOr<json> filled = FillReferences(
      node.group_.parameters, [this, &node](std::string_view reference) {
        return LookUp(node, reference);
      });
  if (!filled.ok()) return filled.status();
  node.options_.parameters = *std::move(filled);
  return absl::OkStatus();
}

absl::StatusOr<json> Host::LookUp(const HostNode& node,
                                  std::string_view reference) {
  if (reference == "cores") return node.group_.cores;
  if (reference == "seed") return node.options_.node.seed;
  if (reference == "port") return 0;
  if (reference == "index") return node.index_;
  size_t dot = reference.find('.');
  auto found = roles_.find(reference.substr(0, dot));
  if (found != roles_.end() && dot != reference.npos) {
    // Of several, each node has its own, in turn.
    const HostNode& first = *found->second;
    size_t place =
        first.node_->number() + node.index_ % first.group_.count;
    const HostNode& other = nodes_[place];
    std::string key(reference.substr(dot + 1));
    if (other.ready_.contains(key)) {
      return Reachable(other.ready_[key], other.node_->number());
    }
  }
  return absl::InvalidArgumentError(
      "refers to ${" + std::string(reference) +
      "}, which no node said when it was ready");
}

CoreProgram Host::HostNode::Boot(SimNode&) {
  // What it said in an earlier life holds until it says otherwise.
  is_ready_ = false;
  program_ = std::make_unique<NodeProgram>(
      ApplicationMain(*group_.application, options_));
  return program_->program();
}

void Host::HostNode::OnEnd(SimNode&, int code) {
  program_.reset();
  host_.OnEnd(*this, code);
}

void Host::HostNode::WriteConsole(SimNode& node, std::string_view text) {
  std::string out;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with(kReportPrefix)) {
      line.remove_prefix(kReportPrefix.size() + 1);
      out += kReportPrefix;
      out += "{\"node\":" + json(node.name()).dump() +
             ",\"role\":" + json(group_.role).dump() + ",";
      host_.OnReport(*this, line);
    } else {
      out += node.name() + ": ";
    }
    out += line;
    out += '\n';
  }
  Sim::WriteStandardOutput(out);
}

void Host::OnReport(HostNode& node, std::string_view text) {
  if (node.is_ready_) return;
  json report = json::parse("{" + std::string(text), nullptr,
                            /*allow_exceptions=*/false);
  if (!report.is_object() || report.value("event", json()) != "ready") return;
  node.is_ready_ = true;
  node.ready_ = std::move(report);
  ScheduleBoot();
}

void Host::OnEnd(HostNode& node, int code) {
  // What else is taken down then did not end by itself.
  if (simulation_.ended()) return;
  WriteReport({{"event", "end"},
               {"node", node.node_->name()},
               {"role", node.group_.role},
               {"code", code}});
  if (node.crashes_) return;
  --(node.group_.is_service ? services_ : tasks_);
  if (code != 0) {
    Fail(node, "ended with exit code " + std::to_string(code),
         code == kExitWrongConfiguration ? code : kExitFailed);
  } else if (node.group_.is_service && !stopping_) {
    Fail(node, "ended while it was needed", kExitFailed);
  } else if (tasks_ == 0 && services_ == 0) {
    simulation_.End(kExitOk);
  } else if (tasks_ == 0) {
    StopServices();
  }
}

void Host::OnFault(const PlannedFault& fault,
                   const std::vector<SimNode*>& nodes, bool begins) {
  std::string kind(FaultName(fault.kind));
  json names = json::array();
  for (SimNode* node : nodes) {
    names.push_back(node->name());
    if (time_line_ == nullptr) continue;
    time_line_->AddMark(*node, kind + (begins ? " begins" : " ends"),
                        simulation_.now());
  }
  WriteReport({{"event", "fault"},
               {"kind", std::move(kind)},
               {"nodes", std::move(names)},
               {"begins", begins},
               {"virtual_ns", simulation_.now().time_since_epoch().count()}});
}

void Host::OnEvent(const SimCore& core, uint32_t tag, uint64_t bytes,
                   Time begin) {
  nodes_[core.node->number()].account_->Add(tag, core.now - begin);
  if (time_line_ != nullptr) time_line_->AddEvent(core, tag, bytes, begin);
}

void Host::StopServices() {
  if (std::exchange(stopping_, true)) return;
  for (HostNode& node : nodes_) {
    if (!node.group_.is_service) continue;
    if (node.node_->up()) {
      simulation_.RequestStop(*node.node_);
    } else {
      --services_;  // It has crashed, and is not wanted back.
    }
  }
  if (services_ == 0) simulation_.End(kExitOk);
}

void Host::Fail(const HostNode& node, const std::string& what, int code) {
  std::fprintf(stderr, "sim: node %s %s\n", node.node_->name().c_str(),
               what.c_str());
  simulation_.End(code);
}

std::vector<SimNode*> Host::FindNodes(const std::string& name) {
  std::vector<SimNode*> found;
  for (HostNode& node : nodes_) {
    if (node.node_->name() == name || node.group_.role == name) {
      found.push_back(node.node_);
    }
  }
  return found;
}

void Host::Crash(SimNode& node) {
  HostNode& crashed = nodes_[node.number()];
  if (!node.up() || stopping_) return;
  crashed.crashes_ = true;
  simulation_.Crash(node);
  crashed.crashes_ = false;
}

void Host::Restart(SimNode& node) {
  HostNode& crashed = nodes_[node.number()];
  if (node.up() || !crashed.started_ || stopping_) return;
  BootOne(crashed);
}

}  // namespace ebbrt::platform
