#include "core/app/command_line.h"

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ebbrt {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using nlohmann::json;

absl::StatusOr<ApplicationOptions> Parse(std::vector<const char*> arguments) {
  return ParseCommandLine(arguments);
}

// The message of a command line that must be refused.
std::string ErrorOf(std::vector<const char*> arguments) {
  absl::Status status = ParseCommandLine(arguments).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

// A file of the test's own.
std::string WriteFile(std::string_view name, std::string_view text) {
  std::string path = ::testing::TempDir() + std::string(name);
  std::ofstream(path) << text;
  return path;
}

TEST(CommandLine, HasDefaults) {
  ApplicationOptions options = *Parse({});
  EXPECT_EQ(options.node.core_count, 1u);
  EXPECT_FALSE(options.node.busy_poll);
  EXPECT_EQ(options.parameters, json::object());
  EXPECT_EQ(options.role, "");
  EXPECT_EQ(options.network, "");
  EXPECT_FALSE(options.help);
}

TEST(CommandLine, GivesTheNetworkItsOptions) {
  ApplicationOptions options = *Parse(
      {"--network=tap",
       "--parameters={\"port\": 1, \"network\": {\"address\": \"dhcp\"}}"});
  EXPECT_EQ(options.parameters, json({{"port", 1}}));
  EXPECT_EQ(options.network_options, json({{"address", "dhcp"}}));
  EXPECT_THAT(ErrorOf({"--parameters={\"network\": 7}"}),
              AllOf(HasSubstr("parameters.network"), HasSubstr("object")));
}

TEST(CommandLine, ReadsEveryOption) {
  ApplicationOptions options =
      *Parse({"--cores=2", "--parameters={\"port\": 1}", "--role=server",
              "--seed=18446744073709551615", "--busy-poll", "--network=kernel",
              "--help"});
  EXPECT_EQ(options.node.core_count, 2u);
  EXPECT_TRUE(options.node.busy_poll);
  EXPECT_EQ(options.node.seed, ~uint64_t{0});
  EXPECT_EQ(options.parameters, json({{"port", 1}}));
  EXPECT_EQ(options.role, "server");
  EXPECT_EQ(options.network, "kernel");
  EXPECT_TRUE(options.help);
}

TEST(CommandLine, LaysLaterParametersOverEarlierOnes) {
  std::string path =
      WriteFile("parameters.json", R"({"a": 1, "b": {"c": 2, "d": 3}})");
  std::string file = "--parameters-file=" + path;
  EXPECT_EQ(Parse({file.c_str(), "--parameters={\"b\": {\"c\": 9}}"})
                ->parameters,
            json::parse(R"({"a": 1, "b": {"c": 9, "d": 3}})"));
}

TEST(CommandLine, RefusesWrongValues) {
  EXPECT_EQ(ErrorOf({"--cores=two"}),
            "--cores: found \"two\", expected a number of cores from 1 to 1024,"
            " or 0 for all that the machine has");
  for (const char* argument :
       {"--cores=", "--cores=-1", "--cores=1025", "--cores=1 ", "--cores= 1",
        "--cores=4294967297", "--cores=1.0"}) {
    EXPECT_THAT(ErrorOf({argument}), HasSubstr("--cores: found"));
  }
  EXPECT_EQ(ErrorOf({"--seed=x"}),
            "--seed: found \"x\", expected a number of 64 bits");
  EXPECT_EQ(ErrorOf({"--parameters=[1]"}),
            "--parameters: found \"[1]\", expected a JSON object");
  EXPECT_THAT(ErrorOf({"--parameters={\"a\": }"}),
              AllOf(HasSubstr("--parameters: found"), HasSubstr("column 7")));
  EXPECT_THAT(ErrorOf({"--parameters={\"a\": 1e6333}"}),
              AllOf(HasSubstr("--parameters: found"), HasSubstr("overflow")));
}

TEST(CommandLine, RefusesUnusableFiles) {
  EXPECT_THAT(ErrorOf({"--parameters-file=/no/such/file"}),
              HasSubstr("--parameters-file: found \"/no/such/file\""));
  EXPECT_THAT(ErrorOf({"--parameters-file=/"}), HasSubstr("readable file"));
  std::string empty = "--parameters-file=" + WriteFile("empty.json", "");
  EXPECT_THAT(ErrorOf({empty.c_str()}), HasSubstr("empty.json: found \"\""));
  std::string large =
      WriteFile("large.json",
                std::string(ApplicationOptions::kFileBytesMax + 1, ' '));
  std::string argument = "--parameters-file=" + large;
  EXPECT_THAT(ErrorOf({argument.c_str()}), HasSubstr("at most 16 MiB"));
  std::remove(large.c_str());
}

TEST(CommandLine, RefusesUnknownOptions) {
  EXPECT_THAT(ErrorOf({"--core=2"}),
              AllOf(HasSubstr("found \"--core=2\""),
                    HasSubstr("(the nearest is --cores)")));
  EXPECT_THAT(ErrorOf({"2"}), HasSubstr("expected one of --cores=N"));
  EXPECT_THAT(ErrorOf({""}), HasSubstr("found \"\""));
  EXPECT_EQ(ErrorOf({"--cores"}),
            "command line: found \"--cores\", expected --cores=N");
  EXPECT_EQ(ErrorOf({"--busy-poll=1"}),
            "command line: found \"--busy-poll=1\", expected --busy-poll");
}

TEST(CommandLine, QuotesBadTextShortAndPrintable) {
  std::string hostile = "--\x1b[2J\n\xff" + std::string(100000, 'A');
  std::string message = ErrorOf({hostile.c_str()});
  EXPECT_LT(message.size(), 600u);
  EXPECT_EQ(message.find('\n'), std::string::npos);
  EXPECT_EQ(message.find('\x1b'), std::string::npos);
}

TEST(CommandLine, ExplainsItself) {
  EXPECT_THAT(CommandLineHelp("hello"),
              AllOf(HasSubstr("usage: hello"), HasSubstr("--cores=N"),
                    HasSubstr("--network=NAME")));
}

}  // namespace
}  // namespace ebbrt
