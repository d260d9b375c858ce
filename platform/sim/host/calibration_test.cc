#include "platform/sim/host/calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/trace/event_tag.h"

namespace ebbrt::platform {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

std::string ErrorOf(const json& table) {
  return std::string(Calibration::Read("t.json", table).status().message());
}

TEST(Calibration, ReadsCostsByTag) {
  auto calibration = Calibration::Read(
      "t.json", {{"schema", 1},
                 {"platform", "linux"},
                 {"wake_ns", 5000},
                 {"tags",
                  {{"untagged", {{"fixed_ns", 7}}},
                   {"a.b", {{"fixed_ns", 10.6}, {"per_byte_ns", 0.5}}}}}});
  ASSERT_TRUE(calibration.ok()) << calibration.status();
  const CostTable& table = calibration->CostsOf("anything");
  EXPECT_EQ(table.Find(kNoTag)->Of(100), Duration(7));
  EXPECT_EQ(table.Find(EventTagOf("a.b"))->Of(100), Duration(61));
  EXPECT_EQ(table.Find(EventTagOf("a.c")), nullptr);
  EXPECT_EQ(calibration->wake(), Duration(5000));
}

TEST(Calibration, AnApplicationMayHaveCostsOfItsOwn) {
  auto calibration = Calibration::Read(
      "t.json", {{"schema", 1},
                 {"tags", {{"a", {{"fixed_ns", 1}}}, {"b", {{"fixed_ns", 2}}}}},
                 {"apps", {{"x", {{"b", {{"fixed_ns", 3}}},
                                  {"c", {{"fixed_ns", 4}}}}}}}});
  ASSERT_TRUE(calibration.ok()) << calibration.status();
  const CostTable& own = calibration->CostsOf("x");
  EXPECT_EQ(own.Find(EventTagOf("a"))->Of(0), Duration(1));
  EXPECT_EQ(own.Find(EventTagOf("b"))->Of(0), Duration(3));
  EXPECT_EQ(own.Find(EventTagOf("c"))->Of(0), Duration(4));
  const CostTable& other = calibration->CostsOf("y");
  EXPECT_EQ(other.Find(EventTagOf("b"))->Of(0), Duration(2));
  EXPECT_EQ(other.Find(EventTagOf("c")), nullptr);
}

TEST(Calibration, SaysWhatIsWrongAndWhere) {
  EXPECT_THAT(ErrorOf(json::array()), HasSubstr("t.json: expected"));
  EXPECT_THAT(ErrorOf({{"schema", 2}, {"tags", json::object()}}),
              HasSubstr("t.json.schema"));
  EXPECT_THAT(ErrorOf({{"schema", 1}}), HasSubstr("t.json.tags"));
  EXPECT_THAT(ErrorOf({{"schema", 1}, {"tags", {{"a", {{"fixed_n", 1}}}}}}),
              HasSubstr("t.json.tags.a"));
  EXPECT_THAT(ErrorOf({{"schema", 1}, {"tags", {{"a", {{"fixed_ns", -1}}}}}}),
              HasSubstr("t.json.tags.a.fixed_ns"));
  EXPECT_THAT(ErrorOf({{"schema", 1},
                       {"tags", json::object()},
                       {"apps", {{"x", {{"a", {{"fixed", 1}}}}}}}}),
              HasSubstr("t.json.apps.x.a"));
  EXPECT_THAT(ErrorOf({{"schema", 1}, {"tags", 1}}), HasSubstr("t.json.tags"));
}

}  // namespace
}  // namespace ebbrt::platform
