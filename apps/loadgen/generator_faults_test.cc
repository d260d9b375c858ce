// What the generator does where the server, the network or its user is not as
// it should be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "apps/loadgen/generator.h"
#include "apps/loadgen/run_against_model.h"
#include "core/async/combinators.h"
#include "core/testing/run_on_cores.h"

namespace ebbrt::loadgen {
namespace {

using namespace std::chrono_literals;
using ::ebbrt::testing::RunOnCores;
using ::ebbrt::testing::Seed;
using ::testing::HasSubstr;

TEST(LoadGenerator, ValuesThatWereNeverSetAreFound) {
  ModelServer::Behaviour mixes = {.mix_up_values = true};
  // Longer than a few bytes, so that they differ.
  Observed run = RunAgainst(mixes, With({{"values", 50}}));
  ASSERT_TRUE(run.code.ok()) << run.code.status();
  EXPECT_EQ(run.metrics["error_kinds"]["wrong_values"], 0) << "not asked for";
  run = RunAgainst(mixes, With({{"values", 50}, {"verify", true}}));
  EXPECT_THAT(run.code.status().message(),
              HasSubstr("10.0.0.1:11211: loading 200 keys"));
  EXPECT_THAT(run.code.status().message(), HasSubstr("had a wrong value"));
}

TEST(LoadGenerator, LoadingFailsWhereTheServerDoesNotStore) {
  Observed run = RunAgainst(
      ModelServer::Behaviour{.refuse_sets = true}, Short());
  EXPECT_THAT(run.code.status().message(),
              HasSubstr("of 200 keys 200 were refused"));
  run = RunAgainst(ModelServer::Behaviour{.forget_sets = true},
                   With({{"verify", true}}));
  EXPECT_THAT(run.code.status().message(), HasSubstr("200 were missing"));
}

TEST(LoadGenerator, ConnectionsThatCloseAreOpenedAgain) {
  Observed run = RunAgainst(ModelServer::Behaviour{.close_after = 30},
                       With({{"duration_s", 0.5}, {"verify", true}}));
  ASSERT_TRUE(run.code.ok()) << run.code.status();
  EXPECT_EQ(run.keys, 200u) << "what was lost was set again";
  EXPECT_GT(run.connections, 8u);
  EXPECT_GT(run.metrics["connections_lost"], 0);
  EXPECT_GT(run.metrics["error_kinds"]["lost"], 0);
  EXPECT_EQ(run.metrics["error_kinds"]["wrong_values"], 0);
}

TEST(LoadGenerator, SurvivesAServerThatSendsNonsense) {
  for (const char* protocol : {"binary", "text"}) {
    Observed run = RunAgainst(ModelServer::Behaviour{.nonsense_after = 30},
                         With({{"protocol", protocol}, {"duration_s", 0.5}}));
    ASSERT_TRUE(run.code.ok()) << run.code.status();
    EXPECT_GT(run.metrics["connections_lost"], 0);
    EXPECT_GT(run.metrics["hits"], 0);
  }
}

TEST(LoadGenerator, SurvivesANetworkThatLosesConnections) {
  Observed run = RunAgainst(ModelServer::Behaviour{},
                       With({{"duration_s", 0.5}, {"verify", true}}),
                       {.segment_bytes_max = 500, .cut_randomly = true,
                        .reset = 0.005, .refuse = 0.2});
  ASSERT_TRUE(run.code.ok()) << run.code.status();
  EXPECT_EQ(run.keys, 200u);
  EXPECT_GT(run.metrics["hits"], 0);
  EXPECT_EQ(run.metrics["error_kinds"]["wrong_values"], 0);
}

TEST(LoadGenerator, WhatIsNeverAnsweredIsCountedAsSlow) {
  Observed run = RunAgainst(ModelServer::Behaviour{.silent_after = 300},
                            With({{"warmup_s", 0}}));
  ASSERT_TRUE(run.code.ok()) << run.code.status();
  EXPECT_EQ(run.metrics["error_kinds"]["unanswered"], 3 * 4);
  EXPECT_EQ(run.metrics["started"], 100 + 3 * 4);
  EXPECT_GE(run.metrics["latency_ns"]["p99"], 1e9)
      << "as long as they were waited for";
}

TEST(LoadGenerator, AnAbsentServerIsNamed) {
  Observed run = RunAgainst(std::nullopt, Short());
  EXPECT_TRUE(absl::IsUnavailable(run.code.status())) << run.code.status();
  EXPECT_THAT(run.code.status().message(),
              HasSubstr("10.0.0.1:11211: no connection in 10 attempts: "));
  EXPECT_TRUE(run.metrics.is_null());
}

TEST(LoadGenerator, WrongParametersAreNamed) {
  Observed run = RunAgainst(std::nullopt, With({{"dept", 3}}));
  EXPECT_TRUE(absl::IsInvalidArgument(run.code.status()));
}

TEST(LoadGenerator, StopsWhenAsked) {
  RunOnCores(2, [] {
    InstallMemoryNetwork({.seed = Seed(), .delay = 50us});
    ModelServer server(kServer, {});
    FakeApplication application(With({{"duration_s", 1000}}));
    Future<int> code = RunLoadGenerator(application);
    static_cast<void>(Delay(100ms).Block());
    EXPECT_FALSE(code.ready());
    application.stop.SetValue();
    absl::StatusOr<int> stopped = std::move(code).Block();
    EXPECT_TRUE(absl::IsAborted(stopped.status())) << stopped.status();
    AwaitNoConnections();
  });
}

}  // namespace
}  // namespace ebbrt::loadgen
