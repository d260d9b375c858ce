// Documents, run by the host with applications of this test.
#include "platform/sim/host/host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>

#include "core/app/application.h"
#include "core/async/combinators.h"
#include "core/net/network.h"
#include "core/testing/seed.h"
#include "platform/current.h"
#include "platform/sim/host/host_document.h"
#include "platform/sim/host/host_network.h"
#include "platform/sim/host/watchdog.h"

namespace ebbrt::platform {
namespace {

using nlohmann::json;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::internal::CaptureStderr;
using ::testing::internal::CaptureStdout;
using ::testing::internal::GetCapturedStderr;
using ::testing::internal::GetCapturedStdout;

// What the test's application does is told by its parameter "does".
Future<int> Main(Application& application) {
  std::string does = application.parameters().value("does", "nothing");
  if (does == "serves") {
    application.ReportReady({{"endpoint", "0.0.0.0:7"}, {"port", 7}});
    static_cast<void>(co_await application.StopRequested());
    co_return 0;
  }
  if (does == "shows") {
    Platform::WriteConsole("line\n");
    application.ReportMetrics(application.parameters());
    co_return 0;
  }
  if (does == "fails") co_return 5;
  if (does == "waits") {
    static_cast<void>(co_await Promise<void>().GetFuture());
    static_cast<void>(co_await application.StopRequested());
  }
  if (does == "spins") {
    for (volatile bool go_on = true; go_on;) {
    }
  }
  if (does == "sleeps") {
    static_cast<void>(co_await Delay(std::chrono::seconds(3)));
  }
  co_return 0;
}

}  // namespace
}  // namespace ebbrt::platform

EBBRT_APPLICATION("test", ebbrt::platform::Main);

namespace ebbrt::platform {
namespace {

struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

Outcome RunDocument(json nodes, json more = json::object()) {
  json document = {{"seed", testing::Seed() % 1000}, {"nodes", nodes}};
  document.update(more);
  CaptureStdout();
  CaptureStderr();
  Outcome outcome;
  absl::StatusOr<HostDocument> read = ReadHostDocument(document);
  if (read.ok()) {
    auto network = HostNetwork::Create(*read);
    EXPECT_TRUE(network.ok());
    Host host(*read, **network);
    outcome.code = host.Run();
  }
  outcome.out = GetCapturedStdout();
  outcome.err = GetCapturedStderr();
  if (!read.ok()) outcome.err += std::string(read.status().message());
  return outcome;
}

json Node(std::string role, std::string does, json more = json::object()) {
  json node = {{"role", role},
               {"app", "test"},
               {"parameters", {{"does", does}}}};
  node.update(more, /*merge_objects=*/true);
  return node;
}

TEST(Host, StartsServicesFirstAndGivesWhatTheySaid) {
  Outcome outcome = RunDocument(
      {Node("server", "serves", {{"service", true}, {"count", 2}}),
       Node("task", "shows",
            {{"count", 3},
             {"parameters",
              {{"at", "${server.endpoint}"},
               {"port", "${server.port}"},
               {"text", "number ${index} of ${cores}"}}}})});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out,
              HasSubstr("@ebbrt {\"node\":\"server-1\",\"role\":\"server\","
                        "\"endpoint\":\"0.0.0.0:7\",\"event\":\"ready\""));
  EXPECT_THAT(outcome.out, HasSubstr("task-1: line\n"));
  EXPECT_THAT(outcome.out,
              HasSubstr("{\"at\":\"10.0.0.2:7\",\"does\":\"shows\",\"port\":7,"
                        "\"text\":\"number 1 of 1\"}"));
  EXPECT_THAT(outcome.out, HasSubstr("\"at\":\"10.0.0.1:7\""));
  EXPECT_THAT(outcome.out, HasSubstr("\"event\":\"simulation\""));
}

TEST(Host, ANodeHasTheSameAddressAtBothFidelities) {
  for (const char* fidelity : {"flow", "packet"}) {
    Outcome outcome = RunDocument(
        {Node("server", "serves", {{"service", true}, {"network", fidelity}}),
         Node("task", "shows",
              {{"parameters", {{"at", "${server.endpoint}"}}}})},
        {{"network", {{"fidelity", fidelity}}}});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("{\"at\":\"10.0.0.1:7\""));
    EXPECT_EQ(outcome.out.find("\"frames\":") != std::string::npos,
              std::string(fidelity) == "packet");
  }
}

TEST(Host, TwoRunsWriteTheSameBytes) {
  json nodes = {Node("server", "serves", {{"service", true}, {"cores", 3}}),
                Node("task", "sleeps", {{"count", 5}})};
  Outcome once = RunDocument(nodes);
  EXPECT_EQ(once.code, 0);
  EXPECT_EQ(once.out, RunDocument(nodes).out);
}

TEST(Host, ANodeThatFailsIsNamed) {
  Outcome outcome = RunDocument(
      {Node("good", "sleeps"), Node("bad", "fails", {{"count", 2}})});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err,
              ContainsRegex("^sim: node bad-[01] ended with exit code 5\n$"));
}

TEST(Host, ANodeThatWaitsForEverIsNamed) {
  Outcome outcome = RunDocument({Node("stuck", "waits")});
  EXPECT_EQ(outcome.code, Sim::kDeadlockExitCode);
  EXPECT_THAT(outcome.err, HasSubstr("all 1 cores of node stuck wait"));
}

TEST(Host, ANodeThatSpinsIsNamed) {
  EXPECT_EXIT(
      {
        absl::StatusOr<HostDocument> read =
            ReadHostDocument({{"nodes", {Node("busy", "spins")}}});
        auto network = HostNetwork::Create(*read);
        Host host(*read, **network);
        StartWatchdog(std::chrono::milliseconds(200));
        host.Run();
      },
      ::testing::ExitedWithCode(kSpinExitCode),
      "node busy core 0 spins at .* in the event untagged");
}

TEST(Host, LetsPlannedFaultsHappen) {
  Outcome outcome = RunDocument(
      {Node("task", "sleeps"), Node("other", "sleeps")},
      {{"faults",
        {{{"kind", "crash"}, {"node", "task"}, {"at_s", 1}, {"for_s", 1}},
         {{"kind", "slow"}, {"node", "other"}, {"factor", 2}},
         {{"kind", "clock"}, {"node", "other"}, {"drift_ppb", 500000000}}}}});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("{\"code\":71,\"event\":\"end\","
                                     "\"node\":\"task\",\"role\":\"task\"}"));
  // Crashed at 1 s, it starts again at 2 s and sleeps for three.
  EXPECT_THAT(outcome.out, HasSubstr("\"virtual_ns\":50000"));
}

TEST(Host, EndsThoughAServiceIsDown) {
  Outcome outcome = RunDocument(
      {Node("server", "serves", {{"service", true}, {"count", 2}}),
       Node("task", "sleeps")},
      {{"faults",
        {{{"kind", "crash"}, {"node", "server-1"}, {"at_s", 1}, {"for_s", 9}},
         {{"kind", "crash"}, {"node", "server-0"}, {"at_s", 2}}}}});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("\"virtual_ns\":3000"));
}

TEST(Host, DrawsCrashesFromTheSeed) {
  json faults = {{"faults",
                  {{{"kind", "random"},
                    {"kinds", "crash"},
                    {"at_s", 0},
                    {"until_s", 2},
                    {"mean_gap_s", 0.1},
                    {"for_s", 0.05}}}}};
  json nodes = {Node("task", "sleeps", {{"count", 4}})};
  Outcome outcome = RunDocument(nodes, faults);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("\"code\":71"));
  EXPECT_EQ(outcome.out, RunDocument(nodes, faults).out);
}

TEST(Host, DrawsFaultsOfAllKindsFromTheSeed) {
  json faults = {{"faults",
                  {{{"kind", "random"},
                    {"kinds", "slow,link_down,partition,impair,clock"},
                    {"nodes", "task-1,other"},
                    {"until_s", 2},
                    {"mean_gap_s", 0.01},
                    {"for_s", 0.05}}}}};
  json nodes = {Node("task", "sleeps", {{"count", 2}}),
                Node("other", "sleeps")};
  Outcome outcome = RunDocument(nodes, faults);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  for (const char* kind :
       {"slow", "link_down", "partition", "impair", "clock"}) {
    EXPECT_THAT(outcome.out, HasSubstr(std::string("\"kind\":\"") + kind));
  }
  EXPECT_THAT(outcome.out, HasSubstr("\"nodes\":[\"other\"]"));
  EXPECT_THAT(outcome.out, HasSubstr("\"nodes\":[\"task-1\"]"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("\"nodes\":[\"task-0\"]")));
  EXPECT_EQ(outcome.out, RunDocument(nodes, faults).out);
}

TEST(Host, WritesATimeLineThatChangesNothing) {
  json nodes = {Node("task", "sleeps", {{"count", 2}})};
  json faults = {{{"kind", "crash"}, {"node", "task-0"}, {"at_s", 1},
                  {"for_s", 1}}};
  std::string file = std::string(std::getenv("TEST_TMPDIR")) + "/line.json";
  Outcome plain = RunDocument(nodes, {{"faults", faults}});
  Outcome traced = RunDocument(nodes, {{"faults", faults}, {"trace", file}});
  EXPECT_EQ(traced.code, 0) << traced.err;
  EXPECT_EQ(plain.out, traced.out);
  absl::StatusOr<json> line = ReadJsonFile(file);
  ASSERT_TRUE(line.ok()) << line.status();
  int slices = 0;
  std::string names;
  for (const json& event : (*line)["traceEvents"]) {
    if (event["ph"] == "X") ++slices;
    names += event["name"].get<std::string>() + ";";
    if (event["ph"] == "M") names += event["args"]["name"].dump() + ";";
  }
  EXPECT_GT(slices, 4);
  EXPECT_THAT(names, HasSubstr("process_name;\"task-1\""));
  EXPECT_THAT(names, HasSubstr("crash begins;crash ends;"));
  EXPECT_THAT(RunDocument(nodes, {{"trace", "/nowhere/line.json"}}).err,
              HasSubstr("simulation.trace: /nowhere/line.json"));
}

TEST(Host, TellsWhereTheTimeGoes) {
  // A tag's name and cost, of which the test application's events have none.
  Outcome outcome = RunDocument({Node("task", "sleeps", {{"cores", 4}})});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("\"time\":{\"task\":{\"busy\":"));
  EXPECT_THAT(outcome.out, HasSubstr("\"core.timer\":{\"count\":1"));
}

TEST(Host, SaysWhatIsWrongWithADocument) {
  auto error = [](json nodes, json more = json::object()) {
    return RunDocument(nodes, more).err;
  };
  EXPECT_THAT(error(json::array()), HasSubstr("simulation.nodes"));
  EXPECT_THAT(error({{{"role", "a"}, {"app", "tset"}}}),
              HasSubstr("simulation.nodes[0].app"));
  EXPECT_THAT(error({Node("a", "shows")}, {{"network", {{"delay", 1}}}}),
              HasSubstr("simulation.network"));
  EXPECT_THAT(error({Node("a", "shows")},
                    {{"network", {{"fidelity", "frame"}}}}),
              AllOf(HasSubstr("simulation.network.fidelity"),
                    HasSubstr("frame"), HasSubstr("packet")));
  EXPECT_THAT(error({Node("a", "shows", {{"network", "flow"}})},
                    {{"network", {{"fidelity", "packet"}}}}),
              AllOf(HasSubstr("simulation.nodes[0].network"),
                    HasSubstr("\"flow\""), HasSubstr("\"packet\"")));
  EXPECT_THAT(error({Node("a", "shows")},
                    {{"network", {{"fidelity", "packet"}, {"bulk_bytes", 1}}}}),
              HasSubstr("simulation.network.bulk_bytes"));
  EXPECT_THAT(error({Node("a", "shows")},
                    {{"faults", {{{"kind", "crash"}, {"node", "b"}}}}}),
              HasSubstr("found the node \"b\""));
  json drawn = {{"kind", "random"}, {"kinds", "crash"}, {"for_s", 1}};
  auto wrong = [&](json change) {
    json fault = drawn;
    fault.update(change);
    return error({Node("a", "shows")}, {{"faults", {fault}}});
  };
  EXPECT_EQ(wrong(json::object()), "");
  EXPECT_THAT(wrong({{"kinds", "crash,flood"}}),
              HasSubstr("simulation.faults[0].kinds"));
  EXPECT_THAT(wrong({{"kinds", "random"}}), HasSubstr("kinds"));
  EXPECT_THAT(wrong({{"for_s", 0}}), HasSubstr("simulation.faults[0].for_s"));
  EXPECT_THAT(wrong({{"at_s", 3}, {"until_s", 2}}), HasSubstr("until_s"));
  EXPECT_THAT(wrong({{"loss", 2}}), HasSubstr("loss"));
  EXPECT_THAT(wrong({{"nodes", "b"}}), HasSubstr("found the node \"b\""));
  EXPECT_THAT(error({Node("a", "shows")}, {{"calibration", "/nowhere"}}),
              HasSubstr("/nowhere: cannot be read"));
  EXPECT_THAT(error({Node("a", "shows",
                          {{"parameters", {{"at", "${b.endpoint}"}}}})}),
              HasSubstr("${b.endpoint}"));
}

}  // namespace
}  // namespace ebbrt::platform
