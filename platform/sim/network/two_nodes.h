// Two nodes on a star for tests: a server that says back what it gets, and a
// client that sends a text there and compares.
//
// Cores: made and run from a test, off cores.
#ifndef EBBRT_PLATFORM_SIM_NETWORK_TWO_NODES_H_
#define EBBRT_PLATFORM_SIM_NETWORK_TWO_NODES_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/event/node.h"
#include "platform/sim/network/fabric.h"
#include "platform/sim/network/flow_world.h"
#include "platform/sim/sim.h"
#include "platform/sim/simulation.h"

namespace ebbrt::platform {

// A node that runs a function as its first event, in each of its lives.
class FunctionNode final : public SimProgram {
 public:
  explicit FunctionNode(std::function<void()> main) : main_(std::move(main)) {}

  CoreProgram Boot(SimNode&) override {
    program_ = std::make_unique<NodeProgram>([this] { main_(); });
    return program_->program();
  }
  void OnEnd(SimNode&, int code) override {
    program_.reset();
    codes.push_back(code);
    on_end(code);
  }
  void WriteConsole(SimNode&, std::string_view text) override {
    console += text;
  }

  // Of its lives.
  std::vector<int> codes;
  std::string console;
  std::function<void(int code)> on_end = [](int) {};

 private:
  const std::function<void()> main_;
  std::unique_ptr<NodeProgram> program_;
};

// A function that happens once.
class FunctionAction final : public SimAction {
 public:
  explicit FunctionAction(std::function<void()> does)
      : does_(std::move(does)) {}
  void Happen(Time) override { does_(); }

 private:
  const std::function<void()> does_;
};

struct TwoNodes {
  // Every other seed has nodes that read as kernel sockets are read.
  TwoNodes(uint64_t seed, const LinkOptions& link,
           std::function<void()> server_main, std::function<void()> client_main)
      : TwoNodes(seed, link, std::move(server_main), std::move(client_main),
                 FlowOptions{.window_bytes = 64 * kKiB,
                             .reads_at_once = seed % 2 == 1}) {}
  // Between them is such a flow network; without one, what the test adds.
  TwoNodes(uint64_t seed, const LinkOptions& link,
           std::function<void()> server_main, std::function<void()> client_main,
           const std::optional<FlowOptions>& flow)
      : server(std::move(server_main)),
        client(std::move(client_main)),
        simulation({.seed = seed,
                    .faults = {},
                    .time_limit = Time(std::chrono::hours(1))}),
        fabric(simulation, std::make_unique<StarTopology>(
                               std::vector<LinkOptions>(2, link))),
        server_node(simulation.AddNode("server", {.core_count = 2}, server)),
        client_node(simulation.AddNode("client", {.core_count = 1}, client)) {
    if (flow.has_value()) world.emplace(simulation, fabric, *flow);
    client.on_end = [this](int code) { simulation.End(code); };
  }
  ~TwoNodes() {
    for (auto& action : actions) simulation.Cancel(*action);
  }

  // The client starts when the server listens.
  int Run() {
    simulation.Boot(server_node);
    At(std::chrono::milliseconds(1), [this] { simulation.Boot(client_node); });
    simulation.Run();
    return simulation.code();
  }
  void At(Duration time, std::function<void()> does) {
    actions.push_back(std::make_unique<FunctionAction>(std::move(does)));
    simulation.Schedule(*actions.back(), Time(time));
  }

  FunctionNode server;
  FunctionNode client;
  std::vector<std::unique_ptr<FunctionAction>> actions;
  Simulation simulation;
  Fabric fabric;
  std::optional<FlowWorld> world;
  SimNode& server_node;
  SimNode& client_node;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_NETWORK_TWO_NODES_H_
