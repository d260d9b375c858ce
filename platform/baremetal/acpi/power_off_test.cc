#include "platform/baremetal/acpi/power_off.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace ebbrt::platform::acpi {
namespace {

using std::string_literals::operator""s;

std::optional<SleepType> Find(const std::string& aml) {
  // Of exactly these bytes, so that a sanitizer sees a read beyond.
  std::vector<char> copy(aml.begin(), aml.end());
  return FindS5(Fields(std::as_bytes(std::span(copy))));
}

constexpr SleepType kBoth5 = {5, 5};

TEST(FindS5, ReadsAllFormsOfIntegers) {
  EXPECT_EQ(Find("\x08_S5_\x12\x06\x04\x00\x00\x00\x00"s), (SleepType{0, 0}));
  EXPECT_EQ(Find("\x08_S5_\x12\x07\x04\x0a\x05\x0a\x05\x00"s), kBoth5);
  EXPECT_EQ(Find("\x08_S5_\x12\x04\x02\x01\x00"s), (SleepType{1, 0}));
  EXPECT_EQ(Find("\x08\\_S5_\x12\x05\x02\x0a\x05\x01"s), (SleepType{5, 1}));
  EXPECT_EQ(Find("\x08_S5_\x12\x0a\x02\x0b\x07\x00\x0c\x06\x00\x00\x00"s),
            (SleepType{7, 6}));
  EXPECT_EQ(Find("\x08_S5_\x12\x0c\x02\x0e\x05\0\0\0\0\0\0\0\x01"s),
            (SleepType{5, 1}));
  // Both types in one number.
  EXPECT_EQ(Find("\x08_S5_\x12\x05\x01\x0b\x05\x03"s), (SleepType{5, 3}));
}

TEST(FindS5, ReadsAllFormsOfLengths) {
  EXPECT_EQ(Find("\x08_S5_\x12\x47\x00\x02\x0a\x05\x0a\x05"s), kBoth5);
  EXPECT_EQ(Find("\x08_S5_\x12\x88\x00\x00\x02\x0a\x05\x0a\x05"s), kBoth5);
  EXPECT_EQ(Find("\x08_S5_\x12\xc9\x00\x00\x00\x02\x0a\x05\x0a\x05"s), kBoth5);
  std::string large = "\x08_S5_\x12\x46\x01\x02\x0a\x05\x0a\x05"s;
  EXPECT_EQ(Find(large), std::nullopt);
  EXPECT_EQ(Find(large + std::string(15, '\0')), kBoth5);
}

TEST(FindS5, LooksFurther) {
  std::string s5 = "\x08_S5_\x12\x07\x04\x0a\x05\x0a\x05\x00"s;
  // The name where it is not defined, something else of that name, and its
  // beginning.
  EXPECT_EQ(Find("_S5_\x12\x04\x02\x01\x01\x08_S5_\x0a\x05\x08_S5"s + s5),
            kBoth5);
  EXPECT_EQ(Find("\x08_S5_\x12\x04\x02\x0a\x08"s + s5), kBoth5);
}

TEST(FindS5, FindsNothingInBrokenPackages) {
  std::string good = "\x08_S5_\x12\x07\x04\x0a\x05\x0a\x05\x00"s;
  for (size_t bytes = 0; bytes < good.size(); ++bytes) {
    EXPECT_EQ(Find(good.substr(0, bytes)), std::nullopt) << bytes;
  }
  for (const std::string& broken : {
           "\x08_S5_\x12\x02\x00"s,                   // No elements.
           "\x08_S5_\x12\x00\x02\x00\x00"s,           // A length of zero.
           "\x08_S5_\x12\x03\x02\x00\x00"s,           // It ends too early.
           "\x08_S5_\x12\x05\x02\x0a\x08\x00"s,       // More than three bits.
           "\x08_S5_\x12\x0c\x02\0\x0e\0\0\0\0\0\0\0\x01"s,
           "\x08_S5_\x12\x06\x02\x0d\x35\x00\x00"s,   // A string.
           "\x08_S5_\x12\x07\x02SLPA\x00"s,           // A name.
           "\x08_S5_\x12\xff\xff\xff\xff\x02\x00\x00"s,
       }) {
    EXPECT_EQ(Find(broken), std::nullopt) << ::testing::PrintToString(broken);
  }
}

TEST(PowerOff, WritesTypesBeforeItEntersTheState) {
  Fadt fadt;
  EXPECT_TRUE(PowerOffWrites(fadt, {5, 6}).empty());
  fadt.pm1a_control = GenericAddress{AddressSpace::kPort, 0x604};
  EXPECT_EQ(PowerOffWrites(fadt, {5, 6}),
            (std::vector<RegisterWrite>{
                {*fadt.pm1a_control, 2, 0xc3ff, 0x1400},
                {*fadt.pm1a_control, 2, 0xc3ff, 0x3400},
            }));
  fadt.pm1b_control = GenericAddress{AddressSpace::kPort, 0x704};
  EXPECT_EQ(PowerOffWrites(fadt, {5, 6}),
            (std::vector<RegisterWrite>{
                {*fadt.pm1a_control, 2, 0xc3ff, 0x1400},
                {*fadt.pm1b_control, 2, 0xc3ff, 0x1800},
                {*fadt.pm1a_control, 2, 0xc3ff, 0x3400},
                {*fadt.pm1b_control, 2, 0xc3ff, 0x3800},
            }));
}

TEST(PowerOff, WritesTheSleepRegisterWithoutFixedHardware) {
  Fadt fadt;
  fadt.hardware_reduced = true;
  EXPECT_TRUE(PowerOffWrites(fadt, kBoth5).empty());
  fadt.sleep_control = GenericAddress{AddressSpace::kMemory, 0xfea00200};
  EXPECT_EQ(PowerOffWrites(fadt, kBoth5),
            (std::vector<RegisterWrite>{{*fadt.sleep_control, 1, 0, 0x34}}));
}

}  // namespace
}  // namespace ebbrt::platform::acpi
