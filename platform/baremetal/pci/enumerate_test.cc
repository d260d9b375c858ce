#include "platform/baremetal/pci/enumerate.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "platform/baremetal/pci/fake_config_space.h"
#include "platform/baremetal/pci/registers.h"

namespace ebbrt::platform::pci {
namespace {

using testing::FakeConfigSpace;

constexpr BusRange kAllBuses[] = {{}};

// The addresses of all functions, and how many notes there are.
std::string Found(FakeConfigSpace& config, Roots roots = Roots::kFirstBus,
                  std::span<const BusRange> ranges = kAllBuses) {
  Enumeration enumeration = Enumerate(config, ranges, roots);
  EXPECT_EQ(config.writes(), 0u);
  std::string text;
  for (const Function& function : enumeration.functions) {
    text += function.address.ToString().substr(5) + " ";
  }
  return text + std::to_string(enumeration.notes.size());
}

TEST(Function, SaysWhatItIs) {
  FakeConfigSpace config;
  config.Add({0, 0, 3, 0}, 0x1af4, 0x1041)
      .Set8(kClass8, 2)
      .Set8(kSubclass8, 1)
      .Set8(kInterface8, 3)
      .Set8(kRevision8, 4)
      .Set8(kHeaderType8, 0x80)
      .Set16(kSubsystemVendor16, 0x1234)
      .Set16(kSubsystem16, 0x5678)
      .Set8(kInterruptPin8, 1)
      .Set8(kInterruptLine8, 11);
  std::optional<Function> function = ReadFunction(config, {0, 0, 3, 0});
  ASSERT_TRUE(function.has_value());
  EXPECT_EQ(function->vendor, 0x1af4);
  EXPECT_EQ(function->device, 0x1041);
  EXPECT_EQ(function->class_code, 2);
  EXPECT_EQ(function->subclass, 1);
  EXPECT_EQ(function->interface, 3);
  EXPECT_EQ(function->revision, 4);
  EXPECT_EQ(function->header_type, HeaderType::kDevice);
  EXPECT_TRUE(function->multifunction);
  EXPECT_EQ(function->subsystem_vendor, 0x1234);
  EXPECT_EQ(function->subsystem, 0x5678);
  EXPECT_EQ(function->interrupt_pin, 1);
  EXPECT_EQ(function->interrupt_line, 11);
  EXPECT_FALSE(ReadFunction(config, {0, 0, 4, 0}).has_value());
  config.Add({0, 0, 4, 0}, 0);
  EXPECT_FALSE(ReadFunction(config, {0, 0, 4, 0}).has_value());
}

TEST(Function, KeepsTheOtherBitsOfItsCommand) {
  FakeConfigSpace config;
  Address address = {0, 0, 3, 0};
  config.Add(address).Set16(kCommand16, 0x103, 0xffff);
  EXPECT_EQ(UpdateCommand(config, address,
                          Command::kBusMaster | Command::kInterruptDisable,
                          Command::kPortDecode),
            0x103);
  EXPECT_EQ(config.Read16(address, kCommand16), 0x506);
  EXPECT_EQ(config.writes(), 1u);
  UpdateCommand(config, address, Command::kBusMaster);
  EXPECT_EQ(config.writes(), 1u);
}

TEST(Enumerate, FindsFunctionsOfMultifunctionDevicesOnly) {
  FakeConfigSpace config;
  EXPECT_EQ(Found(config), "0");
  config.Add({0, 0, 0, 0});
  config.Add({0, 0, 0, 1});  // Of a device that does not claim it.
  config.Add({0, 0, 31, 0}).Set8(kHeaderType8, 0x80);
  config.Add({0, 0, 31, 7});
  config.Add({0, 0, 31, 2});
  config.Add({0, 0, 5, 1});  // Without a function 0.
  EXPECT_EQ(Found(config), "00:00.0 00:1f.0 00:1f.2 00:1f.7 0");
}

TEST(Enumerate, FollowsBridges) {
  FakeConfigSpace config;
  config.Add({0, 0, 1, 0}).Set8(kHeaderType8, 0x80).SetBridge(2, 4);
  config.Add({0, 0, 1, 1}).SetBridge(1, 1);
  config.Add({0, 1, 0, 0});
  config.Add({0, 2, 0, 0}).SetBridge(3, 4);
  config.Add({0, 3, 9, 0});
  config.Add({0, 4, 0, 0});  // No bridge leads there.
  config.Add({0, 0x80, 0, 0}).SetBridge(0x81, 0x81);
  config.Add({0, 0x81, 0, 0});
  EXPECT_EQ(Found(config), "00:01.0 00:01.1 01:00.0 02:00.0 03:09.0 0");
  EXPECT_EQ(Found(config, Roots::kAnyBus),
            "00:01.0 00:01.1 01:00.0 02:00.0 03:09.0 04:00.0 80:00.0 81:00.0 "
            "0");
}

TEST(Enumerate, StaysInItsRanges) {
  FakeConfigSpace config;
  config.Add({0, 0, 0, 0}).SetBridge(0x40, 0x40);
  config.Add({0, 0x40, 0, 0});
  config.Add({0, 0x20, 0, 0});
  config.Add({3, 0x20, 0, 0});
  BusRange ranges[] = {{0, 0, 0x1f}, {3, 0x20, 0x20}};
  EXPECT_EQ(Found(config, Roots::kAnyBus, ranges), "00:00.0 20:00.0 1");
  BusRange broken[] = {{0, 2, 1}, {0, 0, 0x1f}, {0, 0x1f, 0x30}};
  EXPECT_EQ(Found(config, Roots::kAnyBus, broken), "00:00.0 3");
  EXPECT_EQ(Found(config, Roots::kAnyBus, {}), "0");
}

TEST(Enumerate, LeavesOutBridgesThatMakeNoSense) {
  for (auto [secondary, subordinate] :
       {std::pair<uint8_t, uint8_t>{0, 0},  // Not set up.
        {0, 5},
        {1, 1},                             // Itself.
        {2, 1},
        {255, 0}}) {
    FakeConfigSpace config;
    config.Add({0, 0, 1, 0}).SetBridge(1, 5);
    config.Add({0, 1, 0, 0}).SetBridge(secondary, subordinate);
    config.Add({0, 2, 0, 0});
    EXPECT_EQ(Found(config), "00:01.0 01:00.0 1") << int{secondary};
  }
  FakeConfigSpace config;
  config.Add({0, 0, 1, 0}).SetBridge(1, 5);
  config.Add({0, 0, 2, 0}).SetBridge(1, 5);  // The same bus.
  config.Add({0, 1, 0, 0}).Set8(kHeaderType8, 2).Set8(kSecondaryBus8, 2);
  config.Add({0, 2, 0, 0});
  EXPECT_EQ(Found(config), "00:01.0 00:02.0 01:00.0 1");
  EXPECT_EQ(Enumerate(config, kAllBuses, Roots::kFirstBus).notes[0],
            "PCI function 0000:00:02.0 is a bridge to bus 1, which cannot be "
            "behind it");
}

// Every function is a bridge to the next bus, and every one exists.
class EverywhereABridge : public ConfigSpace {
 public:
  uint32_t reads = 0;

 private:
  uint32_t Read(const Address& address, uint32_t offset,
                uint32_t bytes) override {
    ++reads;
    if (offset == kHeaderType8) return 0x81;
    if (offset == kSecondaryBus8) return (address.bus + 1) & 0xff;
    if (offset == kSubordinateBus8) return 0xff;
    return 0x1234;
  }
  void Write(const Address&, uint32_t, uint32_t, uint32_t) override {
    ADD_FAILURE();
  }
};

TEST(Enumerate, IsBounded) {
  EverywhereABridge config;
  Enumeration enumeration = Enumerate(config, kAllBuses, Roots::kAnyBus);
  EXPECT_EQ(enumeration.functions.size(), kEnumeratedMax);
  EXPECT_LE(enumeration.notes.size(), kEnumeratedMax + 1);
  EXPECT_LE(config.reads, kEnumeratedMax * 16);
}

}  // namespace
}  // namespace ebbrt::platform::pci
