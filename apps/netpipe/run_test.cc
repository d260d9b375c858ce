// Both ends as applications, over the memory network, which cuts, delays and
// loses their connection.
#include "apps/netpipe/run.h"

#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "apps/netpipe/measurement.h"
#include "apps/netpipe/options.h"
#include "apps/netpipe/transmitter.h"
#include "core/async/combinators.h"
#include "core/net/memory_network.h"
#include "core/testing/fake_application.h"
#include "core/testing/run_on_cores.h"
#include "platform/current.h"

namespace ebbrt::netpipe {
namespace {

using ebbrt::testing::FakeApplication;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr char kEndpoint[] = "10.0.0.1:5002";

Json With(Json parameters, const Json& changes) {
  parameters.update(changes);
  return parameters;
}

// A schedule that is over soon.
const Json kShort = {{"last_bytes", 200}};

struct Outcome {
  absl::StatusOr<int> code = absl::UnknownError("has not ended");
  Json metrics;
  double progress = 0;
  Json receiver_metrics;
};

struct Ends {
  Json receiver = kShort;
  Json transmitter;
};

// Runs a transmitter against a receiver, both on this core.
Outcome RunEnds(const Ends& ends) {
  FakeApplication receiver(
      With({{"address", "10.0.0.1"}}, ends.receiver));
  FakeApplication transmitter(
      With({{"mode", "transmitter"}, {"server", kEndpoint}, {"repeats", 4}},
           ends.transmitter));
  Future<int> serving = RunNetpipe(receiver);
  Outcome outcome;
  outcome.code = RunNetpipe(transmitter).Block();
  outcome.metrics = transmitter.metrics;
  outcome.progress = transmitter.progress;
  receiver.Stop();
  absl::StatusOr<int> served = std::move(serving).Block();
  EXPECT_TRUE(served.ok()) << served.status();
  EXPECT_EQ(receiver.ready["endpoint"], kEndpoint);
  outcome.receiver_metrics = receiver.metrics;
  EXPECT_EQ(MemoryConnectionCount(), 0u);
  return outcome;
}

Outcome RunOn(MemoryNetworkOptions options, const Ends& ends) {
  Outcome outcome;
  ebbrt::testing::RunOnCores(1, [&] {
    options.seed = ebbrt::testing::Seed();
    InstallMemoryNetwork(options);
    outcome = RunEnds(ends);
  });
  return outcome;
}

TEST(Netpipe, MeasuresEverySizeWhateverTheCuts) {
  const Outcome outcome = RunOn(
      {.jitter = microseconds(5),
       .segment_bytes_max = 50,
       .cut_randomly = true},
      {.transmitter = With(kShort, {{"verify", true}})});
  ASSERT_TRUE(outcome.code.ok()) << outcome.code.status();
  EXPECT_EQ(*outcome.code, 0);
  const size_t sizes = MakeSchedule(1, 200, 3).size();
  EXPECT_EQ(outcome.metrics["sizes"], sizes);
  EXPECT_TRUE(outcome.metrics.contains("size_195"));
  EXPECT_EQ(outcome.metrics["wrong_messages"], 0);
  EXPECT_EQ(outcome.metrics["messages"], 100 + sizes * 3 * 4);
  EXPECT_EQ(outcome.progress, 1);
  EXPECT_EQ(outcome.receiver_metrics["measurements"], 1);
  EXPECT_EQ(outcome.receiver_metrics["measurements_failed"], 0);
  EXPECT_EQ(outcome.receiver_metrics["messages"], outcome.metrics["messages"]);
}

TEST(Netpipe, TellsTheTimeOfOneWay) {
  const Outcome outcome =
      RunOn({.delay = milliseconds(1)},
            {.receiver = {{"last_bytes", 2}},
             .transmitter = {{"last_bytes", 2}, {"repeats", 2}}});
  ASSERT_TRUE(outcome.code.ok()) << outcome.code.status();
  const Json& metrics = outcome.metrics;
  EXPECT_GE(metrics["latency_ns"], 1e6);
  EXPECT_EQ(metrics["latency_ns"], metrics["size_1"]["latency_ns"]);
  EXPECT_NEAR(metrics["size_2"]["throughput_bps"].get<double>(),
              16e9 / metrics["size_2"]["latency_ns"].get<double>(), 1e-3);
  if constexpr (Has(Platform::kFeatures, platform::Feature::kVirtualTime)) {
    // With waits that return late, a little more.
    EXPECT_LE(metrics["latency_ns"], 1.3e6);
  }
}

// Larger than a receiver lends, and than the network's window.
TEST(Netpipe, SendsLargeMessagesBackAsTheyCame) {
  const Json large = {{"first_bytes", 40'000}, {"last_bytes", 100'000}};
  const Outcome outcome = RunOn(
      {.window_bytes = 20'000, .segment_bytes_max = 5000, .cut_randomly = true},
      {.receiver = large,
       .transmitter = With(large, {{"verify", true}, {"repeats", 2}})});
  ASSERT_TRUE(outcome.code.ok()) << outcome.code.status();
  EXPECT_EQ(outcome.metrics["wrong_messages"], 0);
  EXPECT_EQ(outcome.metrics["sizes"], MakeSchedule(40'000, 100'000, 3).size());
}

TEST(Netpipe, EndsWithTheLengthThatTakesTooLong) {
  const Outcome outcome =
      RunOn({.delay = microseconds(200)},
            {.transmitter = With(kShort, {{"stop_s", 1e-4}, {"repeats", 1}})});
  ASSERT_TRUE(outcome.code.ok()) << outcome.code.status();
  EXPECT_EQ(outcome.metrics["sizes"], 1);
  EXPECT_EQ(outcome.receiver_metrics["measurements"], 1)
      << "the receiver was told";
}

TEST(Netpipe, SaysThatTheEndsDiffer) {
  // A transmitter that has further sizes, other ones, more or fewer trials.
  for (const Json& changes :
       {Json{{"last_bytes", 1000}}, Json{{"last_bytes", 200}, {"trials", 5}},
        Json{{"last_bytes", 200}, {"first_bytes", 10}},
        Json{{"last_bytes", 200}, {"trials", 1}}}) {
    SCOPED_TRACE(changes.dump());
    const Outcome outcome =
        RunOn({}, {.transmitter = With(changes, {{"silence_s", 0.5}})});
    EXPECT_FALSE(outcome.code.ok());
    EXPECT_EQ(outcome.receiver_metrics["measurements_failed"], 1);
    EXPECT_NE(std::string(outcome.code.status().message()).find(kEndpoint),
              std::string::npos)
        << outcome.code.status();
  }
}

TEST(Netpipe, WaitsForAReceiver) {
  ebbrt::testing::RunOnCores(1, [] {
    InstallMemoryNetwork({.seed = ebbrt::testing::Seed()});
    FakeApplication transmitter(With(
        kShort,
        {{"mode", "transmitter"}, {"server", kEndpoint}, {"repeats", 1}}));
    Future<int> measuring = RunNetpipe(transmitter);
    EXPECT_TRUE(Delay(milliseconds(20)).Block().ok());
    FakeApplication receiver(With(kShort, {{"address", "10.0.0.1"}}));
    Future<int> serving = RunNetpipe(receiver);
    absl::StatusOr<int> measured = std::move(measuring).Block();
    EXPECT_TRUE(measured.ok()) << measured.status();
    receiver.Stop();
    EXPECT_TRUE(std::move(serving).Block().ok());
  });
}

TEST(Netpipe, SaysThatThereIsNoReceiver) {
  ebbrt::testing::RunOnCores(1, [] {
    InstallMemoryNetwork({.seed = ebbrt::testing::Seed()});
    FakeApplication transmitter({{"mode", "transmitter"},
                                 {"server", kEndpoint},
                                 {"connect_s", 0.1}});
    absl::StatusOr<int> code = RunNetpipe(transmitter).Block();
    EXPECT_EQ(code.status().code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(transmitter.reports, 0);
  });
}

// At every point of a measurement: both ends end, and neither hangs.
TEST(Netpipe, EndsWhereTheConnectionIsLost) {
  int lost = 0;
  for (int i = 0; i < 20; ++i) {
    ebbrt::testing::RunOnCores(1, [&] {
      InstallMemoryNetwork(
          {.seed = ebbrt::testing::Seed() + i, .reset = 0.001});
      const Outcome outcome = RunEnds({.transmitter = kShort});
      if (!outcome.code.ok()) ++lost;
    });
  }
  EXPECT_GT(lost, 0);
}

TEST(Netpipe, StopsWhenAsked) {
  ebbrt::testing::RunOnCores(1, [] {
    InstallMemoryNetwork(
        {.seed = ebbrt::testing::Seed(), .delay = milliseconds(1)});
    FakeApplication receiver(Json{{"address", "10.0.0.1"}});
    FakeApplication transmitter(
        {{"mode", "transmitter"}, {"server", kEndpoint}, {"repeats", 10'000}});
    Future<int> serving = RunNetpipe(receiver);
    Future<int> measuring = RunNetpipe(transmitter);
    EXPECT_TRUE(Delay(milliseconds(20)).Block().ok());
    // The receiver first, with a connection that has not ended.
    receiver.Stop();
    EXPECT_TRUE(std::move(serving).Block().ok());
    transmitter.Stop();
    EXPECT_FALSE(std::move(measuring).Block().ok());
    EXPECT_EQ(MemoryConnectionCount(), 0u);
  });
}

TEST(Netpipe, RefusesWrongParameters) {
  for (const auto& [parameters, message] :
       std::initializer_list<std::pair<Json, const char*>>{
           {{{"first_bytes", 0}}, "parameters.first_bytes: found 0"},
           {{{"first_bytes", 9}, {"last_bytes", 8}}, "parameters.last_bytes"},
           {{{"server", kEndpoint}}, "unknown key \"server\""},
           {{{"mode", "transmitter"}, {"server", "x"}}, "parameters.server"},
           {{{"mode", "sender"}}, "parameters.mode"},
           {{{"adress", "::"}}, "the nearest is \"address\""}}) {
    absl::StatusOr<Options> options = ReadOptions(parameters);
    EXPECT_EQ(options.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(std::string(options.status().message()).find(message),
              std::string::npos)
        << options.status();
  }
}

TEST(RepeatsFor, FillsATrial) {
  // A tenth of a second, by a message that takes 10 us.
  EXPECT_EQ(RepeatsFor(milliseconds(100), 1e4, 64, 64, 3), 10'000u);
  // Larger ones take longer, smaller ones no less.
  EXPECT_EQ(RepeatsFor(milliseconds(100), 1e4, 64, 128, 3), 5000u);
  EXPECT_EQ(RepeatsFor(milliseconds(100), 1e4, 64, 32, 3), 10'000u);
  EXPECT_EQ(RepeatsFor(milliseconds(100), 1e9, 64, 64, 3), 3u);
  EXPECT_EQ(RepeatsFor(seconds(1000), 0, 64, 64, 3), Options::kRepeatsMax);
}

}  // namespace
}  // namespace ebbrt::netpipe
