#include "core/app/parameters.h"

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ebbrt {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using nlohmann::json;

// The message of a reader that must have failed.
std::string ErrorOf(ParameterReader& reader) {
  absl::Status status = reader.Finish();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(ParameterReader, ReadsEveryType) {
  json parameters = json::parse(R"({
    "port": 11211, "rate": 1e6, "fraction": 0.25, "verbose": true,
    "name": "a", "mode": "open", "list": [1, 2.5],
    "nested": {"depth": 3}, "phases": [{"s": 1}, {"s": 2}]})");
  ParameterReader reader(parameters);
  EXPECT_TRUE(reader.Has("port"));
  EXPECT_EQ(reader.Integer("port", 1, {.min = 0, .max = 65535}), 11211);
  EXPECT_EQ(reader.Integer("rate", 1, {}), 1000000);
  EXPECT_EQ(reader.Number("fraction", 1, {.max = 1}), 0.25);
  EXPECT_TRUE(reader.Boolean("verbose", false));
  EXPECT_EQ(reader.Text("name", "b"), "a");
  EXPECT_EQ(reader.Choice("mode", "closed", {"open", "closed"}), "open");
  EXPECT_THAT(reader.Numbers("list", {}, {}), ElementsAre(1, 2.5));
  EXPECT_EQ(reader.Object("nested").Integer("depth", 0, {}), 3);
  std::vector<ParameterReader> phases = reader.Objects("phases");
  ASSERT_THAT(phases, SizeIs(2));
  EXPECT_EQ(phases[0].Integer("s", 0, {}), 1);
  EXPECT_EQ(phases[1].Integer("s", 0, {}), 2);
  EXPECT_TRUE(reader.Finish().ok()) << reader.Finish();
}

TEST(ParameterReader, GivesDefaultsWhereThereIsNothing) {
  json parameters = json::object();
  ParameterReader reader(parameters);
  EXPECT_FALSE(reader.Has("port"));
  EXPECT_EQ(reader.Integer("port", 7, {.min = 100}), 7);
  EXPECT_EQ(reader.Number("x", 0.5, {}), 0.5);
  EXPECT_TRUE(reader.Boolean("verbose", true));
  EXPECT_EQ(reader.Text("name", "b"), "b");
  EXPECT_EQ(reader.Choice("mode", "closed", {"open", "closed"}), "closed");
  EXPECT_THAT(reader.Numbers("list", {4}, {}), ElementsAre(4));
  EXPECT_EQ(reader.Object("nested").Integer("depth", 9, {}), 9);
  EXPECT_THAT(reader.Objects("phases"), SizeIs(0));
  EXPECT_TRUE(reader.Finish().ok());
}

TEST(ParameterReader, NamesPathFoundAndExpected) {
  json parameters = json::parse(R"({"memory": 5, "nested": {"rate": "fast"},
                                    "list": [1, -2]})");
  ParameterReader reader(parameters);
  EXPECT_EQ(reader.Integer("memory", 64,
                           {.min = 10, .max = 100, .unit = "bytes"}),
            64);
  EXPECT_EQ(reader.Object("nested").Number("rate", 3, {.unit = "requests/s"}),
            3);
  EXPECT_THAT(reader.Numbers("list", {}, {}), SizeIs(0));
  EXPECT_EQ(ErrorOf(reader),
            "parameters.memory: found 5, expected an integer from 10 to 100 "
            "bytes; "
            "parameters.nested.rate: found \"fast\", expected a number of at "
            "least 0 requests/s; "
            "parameters.list[1]: found -2, expected a number of at least 0");
}

TEST(ParameterReader, RefusesEveryWrongType) {
  for (const char* wrong :
       {"null", "true", "\"1\"", "[1]", "{}", "1.5", "-1", "1e300",
        "9223372036854775808", "18446744073709551616"}) {
    json parameters = {{"n", json::parse(wrong)}};
    ParameterReader reader(parameters);
    EXPECT_EQ(reader.Integer("n", 3, {}), 3) << wrong;
    EXPECT_THAT(ErrorOf(reader),
                HasSubstr("expected an integer of at least 0"));
  }
  json parameters = {{"b", 1}, {"t", 1}, {"c", 1}, {"l", 1}, {"o", 1}};
  ParameterReader reader(parameters);
  reader.Boolean("b", true);
  reader.Text("t", "");
  reader.Choice("c", "x", {"x", "y"});
  reader.Numbers("l", {}, {});
  reader.Object("o").Integer("unread", 0, {});
  EXPECT_EQ(ErrorOf(reader),
            "parameters.b: found 1, expected true or false; "
            "parameters.t: found 1, expected a string; "
            "parameters.c: found 1, expected one of \"x\", \"y\"; "
            "parameters.l: found 1, expected a list of numbers; "
            "parameters.o: found 1, expected an object");
}

TEST(ParameterReader, RefusesParametersThatAreNoObject) {
  json parameters = 5;
  ParameterReader reader(parameters);
  EXPECT_EQ(reader.Integer("port", 7, {}), 7);
  EXPECT_EQ(ErrorOf(reader), "parameters: found 5, expected an object");
}

TEST(ParameterReader, NamesUnknownKeysAndTheNearest) {
  json parameters = json::parse(R"({"prot": 1, "nested": {"zzz": 1}})");
  ParameterReader reader(parameters);
  reader.Integer("port", 1, {});
  reader.Object("nested").Integer("depth", 1, {});
  EXPECT_EQ(ErrorOf(reader),
            "parameters: found the unknown key \"prot\", expected one of "
            "\"port\", \"nested\" (the nearest is \"port\"); "
            "parameters.nested: found the unknown key \"zzz\", expected one of "
            "\"depth\"");
}

TEST(ParameterReader, NamesTheNearestChoice) {
  json parameters = {{"mode", "opne"}};
  ParameterReader reader(parameters);
  EXPECT_EQ(reader.Choice("mode", "closed", {"open", "closed"}), "closed");
  EXPECT_THAT(ErrorOf(reader), HasSubstr("(the nearest is \"open\")"));
}

TEST(ParameterReader, TellsErrorsOfTheCaller) {
  json parameters = {{"buckets", 3}};
  ParameterReader reader(parameters);
  reader.Integer("buckets", 4, {});
  reader.Reject("buckets", "a power of two");
  EXPECT_EQ(ErrorOf(reader),
            "parameters.buckets: found 3, expected a power of two");
}

TEST(ParameterReader, BoundsWhatItTells) {
  json parameters = json::object();
  std::string hostile = "\x1b[2J\n\xff";
  hostile.append(100000, 'A');
  for (int i = 0; i < 100; ++i) parameters[hostile + std::to_string(i)] = i;
  ParameterReader reader(parameters);
  reader.Integer("port", 1, {});
  std::string message = ErrorOf(reader);
  EXPECT_LT(message.size(), ParameterReader::kErrorsMax * 300);
  EXPECT_THAT(message, AllOf(HasSubstr("; and 92 more"),
                             ::testing::Not(HasSubstr("\n"))));
}

TEST(NearestOf, FindsMisspellings) {
  std::vector<std::string> words = {"connections", "depth", "rate"};
  EXPECT_EQ(NearestOf("conections", words), "connections");
  EXPECT_EQ(NearestOf("dpeth", words), "depth");
  EXPECT_EQ(NearestOf("rates", words), "rate");
  EXPECT_EQ(NearestOf("quux", words), "");
  EXPECT_EQ(NearestOf("", words), "");
  EXPECT_EQ(NearestOf("x", {}), "");
}

}  // namespace
}  // namespace ebbrt
