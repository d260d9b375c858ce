#include "platform/baremetal/pci/bars.h"

#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "platform/baremetal/pci/fake_config_space.h"
#include "platform/baremetal/pci/registers.h"

namespace ebbrt::platform::pci {
namespace {

using testing::FakeConfigSpace;
using testing::FakeFunction;

constexpr Address kAddress = {0, 0, 3, 0};

class Bars : public ::testing::Test {
 protected:
  Bars() : function(config.Add(kAddress)) {
    function.Set16(kCommand16, 0x107, 0x7ff);
  }

  // Sizes them, and checks that nothing has changed.
  std::vector<Bar> Size() {
    std::vector<uint32_t> before = Registers();
    absl::StatusOr<std::vector<Bar>> bars =
        SizeBars(config, *ReadFunction(config, kAddress));
    EXPECT_TRUE(bars.ok()) << bars.status();
    EXPECT_EQ(Registers(), before);
    EXPECT_FALSE(config.moved_while_decoding());
    return *bars;
  }

  std::vector<uint32_t> Registers() {
    std::vector<uint32_t> registers;
    for (uint32_t offset = 0; offset < 64; offset += 4) {
      registers.push_back(config.Read32(kAddress, offset));
    }
    return registers;
  }

  FakeConfigSpace config;
  FakeFunction& function;
};

TEST_F(Bars, AreOfThreeKinds) {
  function.Set32(kBars32, 0xc041, 0xffffffc0);            // 64 ports.
  function.Set32(kBars32 + 4, 0xfebd1000, 0xfffff000);    // 4 KiB.
  function.Set32(kBars32 + 8, 0x0000000c, 0xffffc000);    // 16 KiB, 64 bits,
  function.Set32(kBars32 + 12, 0x00000042, 0xffffffff);   // prefetchable.
  function.Set32(kBars32 + 20, 0x0000e001, 0x0000fffc);   // 4 ports.
  std::vector<Bar> bars = Size();
  ASSERT_EQ(bars.size(), 4u);
  EXPECT_EQ(bars[0].index, 0);
  EXPECT_EQ(bars[0].kind, BarKind::kPorts);
  EXPECT_EQ(bars[0].address, 0xc040u);
  EXPECT_EQ(bars[0].bytes, 64u);
  EXPECT_EQ(bars[1].index, 1);
  EXPECT_EQ(bars[1].kind, BarKind::kMemory32);
  EXPECT_FALSE(bars[1].prefetchable);
  EXPECT_EQ(bars[1].address, 0xfebd1000u);
  EXPECT_EQ(bars[1].bytes, 4096u);
  EXPECT_EQ(bars[2].index, 2);
  EXPECT_EQ(bars[2].kind, BarKind::kMemory64);
  EXPECT_TRUE(bars[2].prefetchable);
  EXPECT_EQ(bars[2].address, 0x42'00000000u);
  EXPECT_EQ(bars[2].bytes, 16384u);
  EXPECT_EQ(bars[3].index, 5);
  EXPECT_EQ(bars[3].bytes, 4u);
}

TEST_F(Bars, MayBeLargerThanFourGiB) {
  function.Set32(kBars32, 0xc, 0);
  function.Set32(kBars32 + 4, 0x80, 0xfffffff8);
  std::vector<Bar> bars = Size();
  ASSERT_EQ(bars.size(), 1u);
  EXPECT_EQ(bars[0].bytes, uint64_t{32} << 30);
  EXPECT_EQ(bars[0].address, 0x80'00000000u);
}

TEST_F(Bars, MayStandAtTheEndOfTheirSpace) {
  function.Set32(kBars32, 0xfffff000, 0xfffff000);
  std::vector<Bar> bars = Size();
  ASSERT_EQ(bars.size(), 1u);
  EXPECT_EQ(bars[0].bytes, 4096u);
}

TEST_F(Bars, OfABridgeAreTwo) {
  function.SetBridge(1, 1);
  function.Set32(kBars32 + 4, 0xfe000000, 0xfffff000);
  function.Set32(kBars32 + 12, 0, 0xffffffff);
  std::vector<Bar> bars = Size();
  ASSERT_EQ(bars.size(), 1u);
  EXPECT_EQ(bars[0].index, 1);
  function.Set8(kHeaderType8, 2);
  EXPECT_TRUE(Size().empty());
}

TEST_F(Bars, AreLeftOutWhereTheyMakeNoSense) {
  function.Set32(kBars32, 0xfd000000, 0);             // Fixed: no size.
  function.Set32(kBars32 + 4, 0x6, 0xfffff000);       // A reserved type.
  function.Set32(kBars32 + 8, 0xfffffff4, 0);         // Up to the last byte.
  function.Set32(kBars32 + 12, 0xffffffff, 0x80000000);
  function.Set32(kBars32 + 20, 0x4, 0xfffff000);      // 64 bits, and no next.
  EXPECT_TRUE(Size().empty());
}

TEST_F(Bars, OfAFunctionThatIsGoneAreAnError) {
  Function gone = *ReadFunction(config, kAddress);
  config.Remove(kAddress);
  absl::StatusOr<std::vector<Bar>> bars = SizeBars(config, gone);
  EXPECT_EQ(bars.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(config.writes(), 0u);
}

}  // namespace
}  // namespace ebbrt::platform::pci
