#include "platform/baremetal/pci/msi.h"

#include <cstddef>
#include <cstdint>
#include <optional>

#include "gtest/gtest.h"
#include "platform/baremetal/pci/bars.h"
#include "platform/baremetal/pci/capabilities.h"
#include "platform/baremetal/pci/fake_config_space.h"
#include "platform/baremetal/pci/msix.h"

namespace ebbrt::platform::pci {
namespace {

using testing::FakeConfigSpace;
using testing::FakeFunction;

constexpr Address kAddress = {0, 0, 3, 0};

TEST(Message, NamesACoreAndAVector) {
  EXPECT_EQ(*MessageFor(0, 0x40), (Message{0xfee00000, 0x40}));
  EXPECT_EQ(*MessageFor(254, 0xff), (Message{0xfeefe000, 0xff}));
  // 255 is all cores.
  EXPECT_EQ(MessageFor(255, 0x40).status().code(),
            absl::StatusCode::kUnimplemented);
  EXPECT_FALSE(MessageFor(256, 0x40).ok());
  EXPECT_DEATH(static_cast<void>(MessageFor(0, 0x1f)), "kMessageVectorMin");
}

class MsiTest : public ::testing::Test {
 protected:
  MsiTest() : function(config.Add(kAddress)) {}

  // A capability at `offset` whose other registers can be written.
  std::optional<Msi> Find(uint8_t offset, uint16_t control) {
    function.SetCapability(offset, kMsiCapability, 0);
    function.Set16(offset + 2, control, 0x71);
    for (uint32_t at = offset + 4u; at < 256 && at < offset + 24u; at += 4) {
      function.Set32(at, 0, ~uint32_t{0});
    }
    return FindMsi(config, *ReadFunction(config, kAddress));
  }

  FakeConfigSpace config;
  FakeFunction& function;
};

TEST_F(MsiTest, HasFourForms) {
  constexpr Message kMessage = {0x1'fee01000, 0x41};
  for (bool wide : {false, true}) {
    for (bool maskable : {false, true}) {
      uint16_t control = 0x3a | (wide ? 0x80 : 0) | (maskable ? 0x100 : 0);
      std::optional<Msi> msi = Find(0x50, control);
      ASSERT_TRUE(msi.has_value());
      EXPECT_EQ(msi->messages_wanted, 32u);
      EXPECT_EQ(msi->has_wide_address, wide);
      EXPECT_EQ(msi->has_mask, maskable);
      SetMsiMessage(config, *msi, kMessage);
      EXPECT_EQ(config.Read32(kAddress, 0x54), 0xfee01000u);
      EXPECT_EQ(config.Read32(kAddress, 0x58), wide ? 1u : 0x41u);
      EXPECT_EQ(config.Read32(kAddress, 0x5c), wide ? 0x41u : 0u);
      // One message is enabled, though firmware has granted eight.
      EnableMsi(config, *msi, true);
      EXPECT_EQ(config.Read16(kAddress, 0x52), (control & ~0x70) | 1);
      EnableMsi(config, *msi, false);
      EXPECT_EQ(config.Read16(kAddress, 0x52), control & ~0x70);
      if (!maskable) continue;
      MaskMsi(config, *msi, true);
      EXPECT_EQ(config.Read32(kAddress, wide ? 0x60 : 0x5c), 1u);
      MaskMsi(config, *msi, false);
      EXPECT_EQ(config.Read32(kAddress, wide ? 0x60 : 0x5c), 0u);
    }
  }
}

TEST_F(MsiTest, IsNoneWhereItMakesNoSense) {
  EXPECT_FALSE(FindMsi(config, *ReadFunction(config, kAddress)).has_value());
  EXPECT_FALSE(Find(0x50, 6 << 1).has_value());  // A reserved number.
  // The largest form has 24 bytes, the smallest 10.
  function.Set8(0x34, 0);
  EXPECT_FALSE(Find(0xf4, 0x180).has_value());
  EXPECT_TRUE(Find(0xf4, 0).has_value());
  function.Set8(0x34, 0);
  EXPECT_TRUE(Find(0xe8, 0x180).has_value());
  function.Set8(0x34, 0);
  EXPECT_FALSE(Find(0xfc, 0).has_value());
}

class MsixTest : public ::testing::Test {
 protected:
  MsixTest() : function(config.Add(kAddress)) {
    function.SetCapability(0x98, kMsixCapability, 0);
    function.Set16(0x9a, 3, 0xc000);
    function.Set32(0x9c, 0x800 | 4).Set32(0xa0, 0x1000 | 2);
  }

  std::optional<Msix> Find() {
    return FindMsix(config, *ReadFunction(config, kAddress));
  }

  FakeConfigSpace config;
  FakeFunction& function;
};

TEST_F(MsixTest, SaysWhereItsTableIs) {
  std::optional<Msix> msix = Find();
  ASSERT_TRUE(msix.has_value());
  EXPECT_EQ(msix->entries, 4u);
  EXPECT_EQ(msix->table.bar, 4);
  EXPECT_EQ(msix->table.offset, 0x800u);
  EXPECT_EQ(msix->pending.bar, 2);
  EXPECT_EQ(msix->pending.offset, 0x1000u);
  Bar bar = {4, BarKind::kMemory64, true, 0x42'00000000, 0x1000};
  absl::StatusOr<MsixTableMemory> memory = LocateMsixTable(*msix, {&bar, 1});
  ASSERT_TRUE(memory.ok()) << memory.status();
  EXPECT_EQ(memory->address, 0x42'00000800u);
  EXPECT_EQ(memory->bytes, 64u);

  for (const Bar& wrong : {
           Bar{3, BarKind::kMemory32, false, 0xfe000000, 0x1000},
           Bar{4, BarKind::kPorts, false, 0x1000, 0x1000},
           Bar{4, BarKind::kMemory32, false, 0, 0x1000},
           Bar{4, BarKind::kMemory32, false, 0xfe000000, 0x800},
           Bar{4, BarKind::kMemory32, false, 0xfe000000, 0x400},
       }) {
    EXPECT_FALSE(LocateMsixTable(*msix, {&wrong, 1}).ok());
  }
  EXPECT_EQ(LocateMsixTable(*msix, {}).status().message(),
            "PCI function 0000:00:03.0: an MSI-X table of 64 bytes at 2048 of "
            "BAR 4, which is no memory of that size");
}

TEST_F(MsixTest, IsNoneWhereItLeavesItsSpace) {
  function.Set8(0x34, 0).SetCapability(0xf8, kMsixCapability, 0);
  EXPECT_FALSE(Find().has_value());
  function.Set8(0x34, 0).SetCapability(0xf4, kMsixCapability, 0);
  EXPECT_TRUE(Find().has_value());
}

TEST_F(MsixTest, HasModes) {
  std::optional<Msix> msix = Find();
  SetMsixMode(config, *msix, MsixMode::kMasked);
  EXPECT_EQ(config.Read16(kAddress, 0x9a), 0xc003);
  SetMsixMode(config, *msix, MsixMode::kOn);
  EXPECT_EQ(config.Read16(kAddress, 0x9a), 0x8003);
  SetMsixMode(config, *msix, MsixMode::kOff);
  EXPECT_EQ(config.Read16(kAddress, 0x9a), 0x0003);
}

TEST(MsixTable, KeepsMessagesAndMasks) {
  alignas(8) uint32_t words[8] = {0, 0, 0, 1, 0, 0, 0, 1};
  auto* bytes = reinterpret_cast<volatile std::byte*>(words);
  MsixTable table({bytes, sizeof(words)});
  ASSERT_EQ(table.entries(), 2u);
  table.SetMessage(1, {0x1'fee02000, 0x42});
  EXPECT_EQ(words[4], 0xfee02000u);
  EXPECT_EQ(words[5], 1u);
  EXPECT_EQ(words[6], 0x42u);
  EXPECT_EQ(words[7], 1u);
  table.Unmask(1);
  EXPECT_EQ(words[7], 0u);
  table.SetMessage(1, {0xfee03000, 0x43});
  EXPECT_EQ(words[7], 0u);
  table.Mask(1);
  EXPECT_EQ(words[7], 1u);
  EXPECT_EQ(words[3], 1u);
  EXPECT_EQ(words[0], 0u);
  EXPECT_DEATH(table.Mask(2), "entry < entries");
}

}  // namespace
}  // namespace ebbrt::platform::pci
