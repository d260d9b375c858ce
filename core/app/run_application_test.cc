#include "core/app/run_application.h"

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/app/application.h"
#include "core/async/combinators.h"
#include "core/async/future.h"
#include "core/base/types.h"
#include "core/event/event_loop.h"
#include "core/testing/require.h"
#include "core/trace/counter.h"
#include "core/trace/event_tag.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "platform/current.h"

namespace ebbrt {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::internal::CaptureStdout;
using ::testing::internal::GetCapturedStdout;

struct Ended {
  int code;
  std::string console;
};

// Runs an application to its end.
Ended RunToEnd(ApplicationEntry entry,
               std::vector<const char*> arguments = {}) {
  ApplicationDescriptor application = {"test", entry};
  CaptureStdout();
  int code = RunApplication(application, arguments);
  return {code, GetCapturedStdout()};
}

TEST(RunApplication, GivesTheEntryPointWhatItWasStartedWith) {
  testing::RequireCores(2);
  Ended ended = RunToEnd(
      [](Application& application) -> Future<int> {
        EXPECT_EQ(application.parameters(), Json({{"a", 1}}));
        EXPECT_EQ(application.role(), "server");
        EXPECT_EQ(application.seed(), 9u);
        EXPECT_EQ(Platform::CoreCount(), 2u);
        EXPECT_EQ(Platform::CurrentCore(), CoreId(0));
        return ReadyFuture<int>(5);
      },
      {"--cores=2", "--seed=9", "--role=server", "--parameters={\"a\": 1}"});
  EXPECT_EQ(ended.code, 5);
  EXPECT_EQ(ended.console, "");
}

TEST(RunApplication, TakesACoroutine) {
  Ended ended = RunToEnd(
      [](Application&) -> Future<int> {
        EXPECT_TRUE((co_await Delay(std::chrono::milliseconds(1))).ok());
        co_return 6;
      });
  EXPECT_EQ(ended.code, 6);
}

TEST(RunApplication, TakesAnEntryPointThatBlocks) {
  Ended ended = RunToEnd([](Application&) -> Future<int> {
    EXPECT_TRUE(Delay(std::chrono::milliseconds(1)).Block().ok());
    return ReadyFuture<int>(7);
  });
  EXPECT_EQ(ended.code, 7);
}

TEST(RunApplication, EndsWithTwoWhereTheConfigurationIsWrong) {
  Ended ended = RunToEnd([](Application&) -> Future<int> {
    return ReadyFuture<int>(absl::InvalidArgumentError("parameters.port: bad"));
  });
  EXPECT_EQ(ended.code, 2);
  EXPECT_EQ(ended.console, "test: parameters.port: bad\n");
  ended = RunToEnd([](Application&) -> Future<int> {
    ADD_FAILURE() << "nothing runs under wrong options";
    return ReadyFuture<int>(0);
  }, {"--cores=x"});
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.console, HasSubstr("test: --cores: found \"x\""));
}

TEST(RunApplication, EndsWithOneWhereTheApplicationFails) {
  Ended ended = RunToEnd([](Application&) -> Future<int> {
    return ReadyFuture<int>(absl::AlreadyExistsError("port 1 is in use"));
  });
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.console, "test: ALREADY_EXISTS: port 1 is in use\n");
  ended = RunToEnd([](Application&) -> Future<int> {
    throw std::runtime_error("thrown");
  });
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.console, HasSubstr("thrown"));
}

TEST(RunApplication, WritesReportsOnALineEach) {
  Ended ended = RunToEnd([](Application& application) -> Future<int> {
    application.ReportReady({{"port", 11211}, {"text", "a\nb\xff"}});
    application.ReportReady({});
    application.ReportProgress(0.5);
    application.ReportProgress(7);
    application.ReportMetrics({{"throughput_rps", 1.5}});
    return ReadyFuture<int>(0);
  });
  EXPECT_EQ(ended.code, 0);
  EXPECT_EQ(ended.console,
            "@ebbrt {\"event\":\"ready\",\"port\":11211,"
            "\"text\":\"a\\nb\xef\xbf\xbd\"}\n"
            "@ebbrt {\"event\":\"ready\"}\n"
            "@ebbrt {\"event\":\"progress\",\"fraction\":0.5}\n"
            "@ebbrt {\"event\":\"progress\",\"fraction\":1.0}\n"
            "@ebbrt {\"event\":\"metrics\","
            "\"metrics\":{\"throughput_rps\":1.5}}\n");
}

EBBRT_EVENT_TAG(kGreetTag, "test.greet");

Future<int> GreetAndCount(Application&) {
  Counter greetings("test.greetings");
  for (int i = 0; i < 3; ++i) {
    Spawn([&greetings] { greetings.Add(); }, kGreetTag);
  }
  EXPECT_TRUE(Delay(std::chrono::milliseconds(1)).Block().ok());
  EXPECT_EQ(greetings.value(), 3u);
  co_return 0;
}

TEST(RunApplication, ReportsItsTraceWhereThatIsAskedFor) {
  EXPECT_EQ(RunToEnd(GreetAndCount).console, "");
  std::string file = ::testing::TempDir() + "/time_line.json";
  Ended ended =
      RunToEnd(GreetAndCount, {"--trace", ("--trace-file=" + file).c_str()});
  EXPECT_EQ(ended.code, 0);
  ASSERT_THAT(ended.console, StartsWith(std::string(kReportPrefix)));
  Json report = Json::parse(ended.console.substr(kReportPrefix.size()));
  EXPECT_EQ(report["event"], "trace");
  EXPECT_EQ(report["cores"], 1);
  EXPECT_TRUE(report["counters"].is_object());
  bool found = false;
  for (const Json& cost : report["tags"]) {
    if (cost["tag"] == "test.greet") {
      found = true;
      EXPECT_EQ(cost["count"], 3);
    }
  }
  EXPECT_TRUE(found) << report;
  std::ifstream written(file);
  Json line = Json::parse(written);
  EXPECT_GT(line["traceEvents"].size(), 3u);
}

TEST(RunApplication, FailsWhereItCannotWriteItsTimeLine) {
  Ended ended = RunToEnd([](Application&) { return ReadyFuture<int>(0); },
                         {"--trace-file=/nowhere/at/all"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.console, HasSubstr("/nowhere/at/all"));
}

TEST(RunApplication, ShowsItsOptions) {
  Ended ended = RunToEnd(nullptr, {"--help"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.console, HasSubstr("usage: test"));
}

// An application may end while somebody still waits for a request to stop.
TEST(RunApplication, LetsGoOfThoseWhoWaitForAStop) {
  testing::RequireCores(2);
  Ended ended = RunToEnd(
      [](Application& application) -> Future<int> {
        for (uint32_t i = 0; i < Platform::CoreCount(); ++i) {
          absl::Status status = co_await Async(CoreId(i), [&application] {
            static_cast<void>(
                application.StopRequested().Then([](absl::Status status) {
                  // It is dropped with the node.
                  EXPECT_FALSE(status.ok());
                }));
          });
          EXPECT_TRUE(status.ok());
        }
        co_return 3;
      },
      {"--cores=2"});
  EXPECT_EQ(ended.code, 3);
}

}  // namespace
}  // namespace ebbrt
