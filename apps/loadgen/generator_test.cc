#include "apps/loadgen/generator.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "apps/loadgen/run_against_model.h"
#include "platform/current.h"

namespace ebbrt::loadgen {
namespace {

using namespace std::chrono_literals;

TEST(LoadGenerator, LoadsReadsBackAndMeasuresInBothProtocols) {
  MemoryNetworkOptions cutting = {.jitter = 50us, .segment_bytes_max = 700,
                                  .cut_randomly = true};
  for (const char* protocol : {"binary", "text"}) {
    SCOPED_TRACE(protocol);
    Observed run = RunAgainst(ModelServer::Behaviour{},
                         With({{"protocol", protocol},
                               {"set_fraction", 0.3},
                               {"verify", true}}),
                         cutting);
    ASSERT_TRUE(run.code.ok()) << run.code.status();
    EXPECT_EQ(*run.code, 0);
    EXPECT_EQ(run.keys, 200u);
    EXPECT_EQ(run.connections, 3u);
    const Json& metrics = run.metrics;
    EXPECT_EQ(metrics["errors"], 0) << metrics["error_kinds"];
    EXPECT_EQ(metrics["misses"], 0);
    EXPECT_GT(metrics["throughput_rps"].get<double>(), 100);
    double gets = metrics["gets"], sets = metrics["sets"];
    EXPECT_EQ(metrics["started"], gets + sets);
    EXPECT_NEAR(sets / (gets + sets), 0.3, 0.15);
    EXPECT_LE(gets + 200, run.server_gets) << "every key was read back";
    EXPECT_LE(sets + 200, run.server_sets);
    int64_t counted = 0;
    for (const Json& bucket : metrics["latency_histogram_ns"]) {
      counted += bucket[1].get<int64_t>();
    }
    EXPECT_EQ(counted, gets + sets);
    EXPECT_GT(metrics["bytes_received"], metrics["gets"]);
    EXPECT_GT(metrics["bytes_sent"], metrics["gets"]);
  }
}

TEST(LoadGenerator, SpreadsConnectionsAndKeysOverCores) {
  Observed run = RunAgainst(ModelServer::Behaviour{},
                       With({{"connections", 2}, {"verify", true}}), {}, 3);
  ASSERT_TRUE(run.code.ok()) << run.code.status();
  EXPECT_EQ(run.keys, 200u);
  EXPECT_EQ(run.connections, 2u);
  EXPECT_EQ(run.metrics["errors"], 0);
}

TEST(LoadGenerator, HoldsIdleConnections) {
  Observed run = RunAgainst(
      ModelServer::Behaviour{},
      With({{"mode", "idle"}, {"load", false}, {"connections", 1000}}));
  ASSERT_TRUE(run.code.ok()) << run.code.status();
  EXPECT_EQ(run.connections, 1000u);
  EXPECT_EQ(run.connections_most, 1000u) << "at the same time";
  EXPECT_EQ(run.metrics["connections_open"], 1000);
  EXPECT_EQ(run.server_gets + run.server_sets, 0u);
}

TEST(LoadGenerator, KeepsToTheRateInOpenLoop) {
  Observed run = RunAgainst(ModelServer::Behaviour{},
                       With({{"mode", "open"},
                             {"rate_rps", 4000},
                             {"duration_s", 1},
                             {"interarrival", "exponential"}}));
  ASSERT_TRUE(run.code.ok()) << run.code.status();
  // Five standard deviations.
  EXPECT_NEAR(run.metrics["started"].get<double>(), 4000, 320);
  EXPECT_EQ(run.metrics["target_rps"], 4000);
  EXPECT_EQ(run.metrics["errors"], 0);
}

// The server stands still once, for 100 ms of a second. Whoever was to be
// served meanwhile has waited, 50 ms on average; an open loop counts them all.
TEST(LoadGenerator, CountsAllThatAStallKeptWaiting) {
  ModelServer::Behaviour stalls = {.stall_begin = 300ms, .stall = 100ms};
  Observed open = RunAgainst(stalls, With({{"mode", "open"},
                                      {"rate_rps", 2000},
                                      {"duration_s", 1},
                                      {"interarrival", "fixed"}}));
  ASSERT_TRUE(open.code.ok()) << open.code.status();
  EXPECT_EQ(open.metrics["started"], 2000);
  EXPECT_EQ(open.metrics["errors"], 0);
  EXPECT_GE(open.metrics["latency_ns"]["max"], 95e6);
  EXPECT_GE(open.metrics["latency_ns"]["p99"], 85e6);
  EXPECT_GE(open.metrics["latency_ns"]["mean"], 4.5e6);
  int64_t slow = 0;
  for (const Json& bucket : open.metrics["latency_histogram_ns"]) {
    if (bucket[0] > 50'000'000) slow += bucket[1].get<int64_t>();
  }
  EXPECT_GE(slow, 98) << "half of the 200 that came meanwhile";

  // A closed loop asks for nothing meanwhile: it sees as many slow requests as
  // were in flight. That is why it does not measure latency.
  Observed closed = RunAgainst(stalls, With({{"duration_s", 1}}));
  ASSERT_TRUE(closed.code.ok()) << closed.code.status();
  slow = 0;
  for (const Json& bucket : closed.metrics["latency_histogram_ns"]) {
    if (bucket[0] > 50'000'000) slow += bucket[1].get<int64_t>();
  }
  EXPECT_GE(slow, 1);
  // More only where the machine itself stood still.
  EXPECT_LE(slow, 3 * 3 * 4);
}

// The server can do 2,000 a second, evenly: with these gaps, more than that
// lets a queue grow that is longer than the level after a fraction of a second.
TEST(LoadGenerator, FindsTheRateOfAServerOfKnownCapacity) {
  const ModelServer::Behaviour server = {.service = 500us};
  Json parameters =
      With({{"mode", "search"},
            {"connections", 8},
            {"depth", 16},
            {"rate_rps", 5000},
            {"warmup_s", 0.05},
            {"duration_s", 0.3},
            {"interarrival", "fixed"},
            {"sla", {{"percentile", 99}, {"latency_ns", 20'000'000}}}});
  Observed run = RunAgainst(server, parameters);
  ASSERT_TRUE(run.code.ok()) << run.code.status();
  const Json& search = run.metrics["search"];
  // A busy machine may spoil a trial; virtual time cannot.
  constexpr bool kVirtual =
      Has(Platform::kFeatures, platform::Feature::kVirtualTime);
  EXPECT_GE(search["rate_rps_at_sla"], kVirtual ? 1900 : 200) << search;
  EXPECT_LE(search["rate_rps_at_sla"], 2000 * (1 + 0.02 / 0.3)) << search;
  EXPECT_GE(search["steps"].size(), 4u);
  for (const Json& step : search["steps"]) {
    EXPECT_EQ(step["met"].get<bool>(), step["p99_ns"] <= 20'000'000);
  }
  EXPECT_LE(run.metrics["latency_ns"]["p99"], 20'000'000)
      << "what is reported is the best trial";

  // Without a rate to begin with, it is what a closed loop reaches.
  parameters["rate_rps"] = 0;
  run = RunAgainst(server, parameters);
  ASSERT_TRUE(run.code.ok()) << run.code.status();
  EXPECT_NEAR(run.metrics["search"]["closed_loop_rps"].get<double>(), 2000,
              100);
  EXPECT_LE(run.metrics["search"]["rate_rps_at_sla"], 2100);
}

TEST(LoadGenerator, OverloadIsMeasuredNotHidden) {
  // Twice what the server can do: in the end half a second of requests waits.
  Observed run = RunAgainst(ModelServer::Behaviour{.service = 1ms},
                       With({{"mode", "open"},
                             {"records", 50},
                             {"rate_rps", 2000},
                             {"duration_s", 1},
                             {"interarrival", "fixed"}}));
  ASSERT_TRUE(run.code.ok()) << run.code.status();
  EXPECT_NEAR(run.metrics["throughput_rps"].get<double>(), 1000, 100);
  EXPECT_GE(run.metrics["latency_ns"]["p99"], 800e6);
}

TEST(LoadGenerator, MissesAreCountedAndNoErrors) {
  Observed run = RunAgainst(ModelServer::Behaviour{}, With({{"load", false},
                                                       {"set_fraction", 0}}));
  ASSERT_TRUE(run.code.ok()) << run.code.status();
  EXPECT_EQ(run.metrics["hits"], 0);
  EXPECT_GT(run.metrics["misses"], 0);
  EXPECT_EQ(run.metrics["errors"], 0);
}

TEST(LoadGenerator, OneSeedSendsTheSameRequests) {
  Json parameters = With({{"mode", "open"}, {"rate_rps", 1000}});
  Observed one = RunAgainst(ModelServer::Behaviour{}, parameters);
  Observed other = RunAgainst(ModelServer::Behaviour{}, parameters);
  for (const char* key : {"started", "gets", "sets"}) {
    EXPECT_EQ(one.metrics[key], other.metrics[key]) << key;
  }
}

}  // namespace
}  // namespace ebbrt::loadgen
