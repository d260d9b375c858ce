// What every network has to pass, over the flow network: within a node.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/testing/seed.h"
#include "platform/sim/network/fabric.h"
#include "platform/sim/network/flow_world.h"
#include "platform/sim/sim.h"
#include "platform/sim/simulation.h"

namespace ebbrt::platform {
namespace {

class WithFlowNetwork final : public ::testing::Environment,
                              private Sim::Extension {
 public:
  void SetUp() override { Sim::SetExtension(this); }
  void TearDown() override {
    Sim::SetExtension(nullptr);
    EXPECT_GT(messages_, 0u) << "it was the network in use";
  }

 private:
  void Begin(Simulation& simulation) override {
    fabric_.emplace(simulation, std::make_unique<StarTopology>(
                                    std::vector<LinkOptions>(1)));
    world_.emplace(simulation, *fabric_,
                   FlowOptions{.reads_at_once = testing::Seed() % 2 == 1});
  }
  void End() override {
    messages_ += world_->messages();
    world_.reset();
    fabric_.reset();
  }

  uint64_t messages_ = 0;
  std::optional<Fabric> fabric_;
  std::optional<FlowWorld> world_;
};

// GoogleTest owns it.
::testing::Environment* const with_flow_network =
    ::testing::AddGlobalTestEnvironment(new WithFlowNetwork);

}  // namespace
}  // namespace ebbrt::platform
