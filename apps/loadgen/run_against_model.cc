#include "apps/loadgen/run_against_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "apps/loadgen/generator.h"
#include "core/async/combinators.h"
#include "core/testing/run_on_cores.h"

namespace ebbrt::loadgen {

using namespace std::chrono_literals;

FakeApplication::FakeApplication(Json given) : parameters_(std::move(given)) {
  parameters_["server"] = kServer.ToString();
}

uint64_t FakeApplication::seed() const { return testing::Seed(); }

void FakeApplication::ReportProgress(double fraction) {
  EXPECT_GE(fraction, last_fraction);
  EXPECT_LE(fraction, 1);
  last_fraction = fraction;
}

void FakeApplication::ReportMetrics(Json given) {
  EXPECT_TRUE(metrics.is_null()) << "reported twice";
  metrics = std::move(given);
}

void AwaitNoConnections() {
  constexpr int kMillisecondsMax = 1000;
  for (int i = 0; i < kMillisecondsMax && MemoryConnectionCount() > 0; ++i) {
    static_cast<void>(Delay(1ms).Block());
  }
  EXPECT_EQ(MemoryConnectionCount(), 0u);
}

Observed RunAgainst(const std::optional<ModelServer::Behaviour>& behaviour,
                    const Json& parameters, MemoryNetworkOptions network,
                    uint32_t core_count) {
  Observed run;
  network.seed = testing::Seed();
  network.delay = std::max<Duration>(network.delay, 50us);
  testing::RunOnCores(core_count, [&] {
    InstallMemoryNetwork(network);
    std::unique_ptr<ModelServer> server;
    if (behaviour.has_value()) {
      server = std::make_unique<ModelServer>(kServer, *behaviour);
    }
    FakeApplication application(parameters);
    run.code = RunLoadGenerator(application).Block();
    run.metrics = application.metrics;
    AwaitNoConnections();
    if (server == nullptr) return;
    run.server_gets = server->gets;
    run.server_sets = server->sets;
    run.connections = server->connections;
    run.connections_most = server->connections_most;
    run.keys = server->store().size();
  });
  return run;
}

Json Short() {
  return {{"connections", 3}, {"depth", 4},       {"records", 200},
          {"warmup_s", 0.02}, {"duration_s", 0.2}, {"poll", false}};
}
Json With(std::initializer_list<std::pair<const char*, Json>> changes) {
  Json parameters = Short();
  for (const auto& [key, value] : changes) parameters[key] = value;
  return parameters;
}

}  // namespace ebbrt::loadgen
