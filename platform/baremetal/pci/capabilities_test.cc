#include "platform/baremetal/pci/capabilities.h"

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/random.h"
#include "core/testing/seed.h"
#include "gtest/gtest.h"
#include "platform/baremetal/pci/bars.h"
#include "platform/baremetal/pci/enumerate.h"
#include "platform/baremetal/pci/fake_config_space.h"
#include "platform/baremetal/pci/msi.h"
#include "platform/baremetal/pci/msix.h"
#include "platform/baremetal/pci/registers.h"

namespace ebbrt::platform::pci {
namespace {

using testing::FakeConfigSpace;
using testing::FakeFunction;
using List = std::vector<Capability>;

constexpr Address kAddress = {0, 0, 3, 0};

class Capabilities : public ::testing::Test {
 protected:
  Capabilities() : function(config.Add(kAddress)) {}

  List Basic() {
    return ReadCapabilities(config, *ReadFunction(config, kAddress));
  }
  List Extended() {
    return ReadExtendedCapabilities(config, *ReadFunction(config, kAddress));
  }

  FakeConfigSpace config;
  FakeFunction& function;
};

TEST_F(Capabilities, AreInTheOrderOfTheirList) {
  function.SetCapability(0x98, kMsixCapability, 0x84);
  function.SetCapability(0x84, kVendorCapability, 0x43);  // Reserved bits.
  function.SetCapability(0x40, kVendorCapability, 0);
  List list = Basic();
  EXPECT_EQ(list, (List{{0x11, 0x98}, {0x09, 0x84}, {0x09, 0x40}}));
  EXPECT_EQ(FindCapability(list, kVendorCapability), 0x84);
  EXPECT_EQ(FindCapability(list, kMsiCapability), std::nullopt);
}

TEST_F(Capabilities, AreNoneWithoutTheFlag) {
  function.SetCapability(0x40, kMsiCapability, 0).Set16(kStatus16, 0);
  EXPECT_TRUE(Basic().empty());
  function.Set16(kStatus16, kHasCapabilities).Set8(kHeaderType8, 2);
  EXPECT_TRUE(Basic().empty());
}

TEST_F(Capabilities, EndWhereTheListLoopsOrLeaves) {
  function.SetCapability(0x40, 1, 0x50).SetCapability(0x50, 2, 0x40);
  EXPECT_EQ(Basic(), (List{{1, 0x40}, {2, 0x50}}));
  function.SetCapability(0x50, 2, 0x50);
  EXPECT_EQ(Basic(), (List{{1, 0x40}, {2, 0x50}}));
  function.SetCapability(0x50, 2, 0x3c);  // Into the header.
  EXPECT_EQ(Basic(), (List{{1, 0x40}, {2, 0x50}}));
  function.Set8(kCapabilities8, 0x3c);
  EXPECT_TRUE(Basic().empty());
}

TEST_F(Capabilities, AreBounded) {
  for (uint32_t offset = 0x40; offset < 0x100; offset += 4) {
    function.SetCapability(static_cast<uint8_t>(offset), 1,
                           static_cast<uint8_t>(offset + 4));
  }
  EXPECT_EQ(Basic().size(), 48u);
  for (uint32_t offset = 0x100; offset < 0x1000; offset += 4) {
    function.Set32(offset, 0x10001 | (offset + 4) << 20);
  }
  EXPECT_EQ(Extended().size(), 960u);
}

TEST_F(Capabilities, MayBeExtended) {
  EXPECT_TRUE(Extended().empty());
  function.Set32(0x100, 0x14010001);
  function.Set32(0x140, 0x1001000d);  // Back to the first.
  EXPECT_EQ(Extended(), (List{{1, 0x100}, {0xd, 0x140}}));
  function.Set32(0x140, 0x0c01000d);  // Out of the extended space.
  EXPECT_EQ(Extended(), (List{{1, 0x100}, {0xd, 0x140}}));
  function.Set32(0x140, 0xffffffff);
  EXPECT_EQ(Extended(), (List{{1, 0x100}}));
}

// A device of random registers, read in all the ways there are.
TEST(Pci, SurvivesRandomRegisters) {
  Random random(ebbrt::testing::Seed());
  for (int i = 0; i < 1000; ++i) {
    FakeConfigSpace config;
    FakeFunction& function = config.Add({0, 0, 0, 0});
    for (uint32_t offset = 4; offset < kConfigBytes; offset += 4) {
      uint32_t value = static_cast<uint32_t>(random());
      function.Set32(offset, random.Chance(0.1) ? ~uint32_t{0} : value,
                     static_cast<uint32_t>(random()));
    }
    function.Set8(kHeaderType8, random.Below(4));
    BusRange range;
    for (const Function& found :
         Enumerate(config, {&range, 1}, Roots::kFirstBus).functions) {
      EXPECT_LE(ReadCapabilities(config, found).size(), 48u);
      EXPECT_LE(ReadExtendedCapabilities(config, found).size(), 960u);
      absl::StatusOr<std::vector<Bar>> bars = SizeBars(config, found);
      ASSERT_TRUE(bars.ok());
      EXPECT_LE(bars->size(), 6u);
      for (const Bar& bar : *bars) {
        EXPECT_EQ(bar.bytes & (bar.bytes - 1), 0u);
        EXPECT_GT(bar.address + bar.bytes, bar.address);
      }
      if (auto msi = FindMsi(config, found)) {
        SetMsiMessage(config, *msi, {0xfee00000, 0x40});
        EnableMsi(config, *msi, true);
      }
      auto msix = FindMsix(config, found);
      if (!msix.has_value()) continue;
      SetMsixMode(config, *msix, MsixMode::kOn);
      if (auto memory = LocateMsixTable(*msix, *bars); memory.ok()) {
        EXPECT_LE(memory->bytes, 2048 * kMsixEntryBytes);
      }
    }
  }
}

}  // namespace
}  // namespace ebbrt::platform::pci
