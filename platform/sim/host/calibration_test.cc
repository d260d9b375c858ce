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
  return std::string(ReadCalibration("t.json", table).status().message());
}

TEST(Calibration, ReadsCostsByTag) {
  auto table = ReadCalibration(
      "t.json", {{"schema", 1},
                 {"platform", "linux"},
                 {"tags",
                  {{"untagged", {{"fixed_ns", 7}}},
                   {"a.b", {{"fixed_ns", 10.6}, {"per_byte_ns", 0.5}}}}}});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ((*table)->Find(kNoTag)->Of(100), Duration(7));
  EXPECT_EQ((*table)->Find(EventTagOf("a.b"))->Of(100), Duration(61));
  EXPECT_EQ((*table)->Find(EventTagOf("a.c")), nullptr);
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
}

}  // namespace
}  // namespace ebbrt::platform
