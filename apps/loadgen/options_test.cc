#include "apps/loadgen/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <string_view>

namespace ebbrt::loadgen {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

absl::StatusOr<Options> Read(std::string_view text) {
  return ReadOptions(nlohmann::json::parse(text), 7);
}
std::string ErrorOf(std::string_view text) {
  absl::StatusOr<Options> options = Read(text);
  EXPECT_TRUE(absl::IsInvalidArgument(options.status())) << text;
  return std::string(options.status().message());
}

TEST(Options, HaveTheDefaultsOfTheEtcWorkload) {
  absl::StatusOr<Options> options = Read("{}");
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->server.ToString(), "127.0.0.1:11211");
  EXPECT_EQ(options->connections, 16u);
  EXPECT_EQ(options->depth, 4u);
  EXPECT_EQ(options->protocol, Protocol::kBinary);
  EXPECT_EQ(options->mode, Mode::kClosed);
  EXPECT_EQ(options->workload.records, 10'000u);
  EXPECT_EQ(options->workload.set_fraction, 0.033);
  EXPECT_EQ(options->warmup, std::chrono::milliseconds(500));
  EXPECT_EQ(options->duration, std::chrono::seconds(2));
  EXPECT_TRUE(options->load);
  EXPECT_FALSE(options->verify);
  EXPECT_EQ(options->seed, 7u);
}

TEST(Options, AreReadFromTheExperiment) {
  absl::StatusOr<Options> options = Read(R"({
    "server": "10.1.2.3:99", "connections": 3, "depth": 1, "protocol": "text",
    "mode": "search", "rate_rps": 1e6, "records": 1e6, "set_fraction": 0.5,
    "sla": {"percentile": 95, "latency_ns": 1000},
    "keys": 20, "values": {"distribution": "uniform", "min": 1, "max": 3},
    "interarrival": "exponential", "load": false, "verify": true,
    "warmup_s": 0, "duration_s": 0.25, "poll": false})");
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->server.ToString(), "10.1.2.3:99");
  EXPECT_EQ(options->mode, Mode::kSearch);
  EXPECT_EQ(options->rate_rps, 1e6);
  EXPECT_EQ(options->sla.percentile, 95);
  EXPECT_EQ(options->sla.latency, Duration(1000));
  EXPECT_EQ(options->workload.key_bytes.Quantile(0.9), 20);
  EXPECT_EQ(options->workload.value_bytes.Quantile(0.5), 2);
  EXPECT_NEAR(options->gaps.MeanOfPositive(), 1, 1e-3);
  EXPECT_EQ(options->duration, std::chrono::milliseconds(250));
  EXPECT_FALSE(options->poll);
}

TEST(Options, OfHttpAreThoseOfOnePage) {
  absl::StatusOr<Options> options = Read(R"({
    "server": "10.1.2.3:80", "protocol": "http", "path": "/a?b"})");
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->protocol, Protocol::kHttp);
  EXPECT_EQ(options->workload.page.path, "/a?b");
  EXPECT_EQ(options->workload.page.host, "10.1.2.3:80");
  EXPECT_EQ(options->workload.set_fraction, 0);
  EXPECT_FALSE(options->load);
  EXPECT_THAT(ErrorOf(R"({"path": "/"})"),
              HasSubstr("parameters.path: found \"/\", expected none, unless"));
  EXPECT_THAT(ErrorOf(R"({"protocol": "http", "path": "/a b"})"),
              HasSubstr("without spaces"));
  EXPECT_THAT(ErrorOf(R"({"protocol": "http", "verify": true})"),
              HasSubstr("parameters.verify: found true, expected none"));
}

TEST(Options, EveryDistributionCanBeGiven) {
  struct Case {
    std::string_view text;
    double mean;
  };
  for (auto [text, mean] : {
           Case{R"("fixed", "value": 5)", 5},
           Case{R"("uniform", "min": 5, "max": 6)", 5.5},
           Case{R"("normal", "mean": 5, "deviation": 1)", 5},
           Case{R"("exponential", "mean": 5)", 5},
           Case{R"("pareto", "location": 5, "scale": 1, "shape": 0.1)",
                5 + 1 / 0.9},
           Case{R"("gev", "location": 5, "scale": 1, "shape": 0.1)",
                5 + (std::tgamma(0.9) - 1) / 0.1},
       }) {
    absl::StatusOr<Options> options = Read(
        "{\"interarrival\": {\"distribution\": " + std::string(text) + "}}");
    ASSERT_TRUE(options.ok()) << options.status();
    EXPECT_NEAR(options->gaps.MeanOfPositive(), mean, 0.01) << text;
  }
}

TEST(Options, ThatAreWrongSayWhereAndWhatIsRight) {
  EXPECT_THAT(ErrorOf(R"({"depht": 3})"), HasSubstr("nearest is \"depth\""));
  EXPECT_THAT(ErrorOf(R"({"depth": 0})"),
              HasSubstr("parameters.depth: found 0, expected an integer from 1"
                        " to 1024"));
  EXPECT_THAT(ErrorOf(R"({"server": "localhost"})"),
              HasSubstr("parameters.server: found \"localhost\", expected an "
                        "address and a port"));
  EXPECT_THAT(ErrorOf(R"({"mode": "opn"})"), HasSubstr("nearest is \"open\""));
  EXPECT_THAT(ErrorOf(R"({"mode": "open"})"),
              HasSubstr("parameters.rate_rps: found nothing, expected a rate"));
  EXPECT_THAT(ErrorOf(R"({"rate_rps": 5})"), HasSubstr("for mode \"closed\""));
  EXPECT_THAT(ErrorOf(R"({"keys": "etcetera"})"),
              HasSubstr("parameters.keys: found \"etcetera\", expected"));
  EXPECT_THAT(ErrorOf(R"({"values": {"distribution": "fixd"}})"),
              HasSubstr("parameters.values.distribution"));
  EXPECT_THAT(ErrorOf(R"({"values": {"distribution": "fixed"}})"),
              HasSubstr("parameters.values.value: found nothing, expected"));
  EXPECT_THAT(ErrorOf(R"({"values": {}})"),
              HasSubstr("parameters.values.distribution: found nothing"));
  EXPECT_THAT(ErrorOf(R"({"sla": 5})"),
              HasSubstr("parameters.sla: found 5, expected an object"));
  EXPECT_THAT(ErrorOf(R"({"sla_p99_ns": 5, "sla": {}})"),
              HasSubstr("not both"));
  EXPECT_THAT(
      ErrorOf(R"({"interarrival": {"distribution": "fixed", "value": 0}})"),
      HasSubstr("a mean above 0"));
  EXPECT_THAT(ErrorOf(R"({"keys": "etc", "verify": 1})"),
              Not(HasSubstr("unknown key")));
}

}  // namespace
}  // namespace ebbrt::loadgen
