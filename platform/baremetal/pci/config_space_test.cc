#include "platform/baremetal/pci/config_space.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <vector>

#include "gtest/gtest.h"
#include "platform/baremetal/pci/ecam.h"
#include "platform/baremetal/pci/port_config_space.h"

namespace ebbrt::platform::pci {
namespace {

static_assert(EcamOffset({0, 0, 0, 0}, 0) == 0);
static_assert(EcamOffset({7, 1, 2, 3}, 0x456) == 0x113456);
static_assert(EcamOffset({0, 255, 31, 7}, 4095) == 0xfffffff);
static_assert(ConfigPortAddress({0, 0, 0, 0}, 0) == 0x80000000);
static_assert(ConfigPortAddress({0, 1, 2, 3}, 0x0e) == 0x8001130c);
static_assert(ConfigPortAddress({0, 255, 31, 7}, 255) == 0x80fffffc);

constexpr size_t kBusBytes = size_t{1} << 20;

TEST(Address, HasTheTextThatEverybodyUses) {
  EXPECT_EQ((Address{0, 0, 31, 2}).ToString(), "0000:00:1f.2");
  EXPECT_EQ((Address{0xabcd, 0x80, 0, 7}).ToString(), "abcd:80:00.7");
}

class Ecam : public ::testing::Test {
 protected:
  Ecam()
      : memory(2 * kBusBytes),
        config({{.buses = {.segment = 1, .first = 0x80, .last = 0x82},
                 .memory = std::span(memory)}}) {}

  std::vector<std::byte> memory;
  EcamConfigSpace config;
};

TEST_F(Ecam, ReadsAndWritesByTheAccessesWidth) {
  Address address = {1, 0x81, 2, 3};
  size_t place = EcamOffset({0, 1, 2, 3}, 0x10);
  config.Write32(address, 0x10, 0x11223344);
  uint32_t written;
  std::memcpy(&written, &memory[place], 4);
  EXPECT_EQ(written, 0x11223344u);
  EXPECT_EQ(config.Read32(address, 0x10), 0x11223344u);
  EXPECT_EQ(config.Read16(address, 0x12), 0x1122);
  EXPECT_EQ(config.Read8(address, 0x11), 0x33);
  config.Write8(address, 0x13, 0xaa);
  config.Write16(address, 0x10, 0xbbcc);
  EXPECT_EQ(config.Read32(address, 0x10), 0xaa22bbccu);
  config.Write32({1, 0x81, 31, 7}, 4092, 5);
  EXPECT_EQ(memory[2 * kBusBytes - 4], std::byte{5});
}

TEST_F(Ecam, HasNothingOutsideItsMappings) {
  std::vector<std::byte> before = memory;
  for (const Address& address : {Address{0, 0x80, 0, 0}, Address{1, 0x7f, 0, 0},
                                 Address{1, 0x82, 0, 0},  // Beyond the span.
                                 Address{1, 0x83, 0, 0}}) {
    EXPECT_EQ(config.Read32(address, 0), 0xffffffff);
    EXPECT_EQ(config.Read16(address, 0), 0xffff);
    EXPECT_EQ(config.Read8(address, 0), 0xff);
    config.Write32(address, 0, 0);
  }
  EXPECT_EQ(memory, before);
}

TEST_F(Ecam, RefusesWhatIsNoRegister) {
  EXPECT_DEATH(config.Read32({1, 0x80, 32, 0}, 0), "device < kDevices");
  EXPECT_DEATH(config.Read32({1, 0x80, 0, 0}, 4096), "offset < kConfigBytes");
  EXPECT_DEATH(config.Write16({1, 0x80, 0, 0}, 1, 0), "offset % bytes");
}

// The address port and, behind it, words.
class FakePorts : public Ports {
 public:
  uint32_t In(uint16_t port, uint32_t bytes) override {
    EXPECT_GE(port, kConfigDataPort);
    EXPECT_LE(port + bytes, kConfigDataPort + 4u);
    uint64_t word = words[selected] >> 8 * (port - kConfigDataPort);
    return static_cast<uint32_t>(word & ((uint64_t{1} << 8 * bytes) - 1));
  }
  void Out(uint16_t port, uint32_t bytes, uint32_t value) override {
    if (port == kConfigAddressPort) {
      EXPECT_EQ(bytes, 4u);
      selected = value;
      return;
    }
    uint32_t shift = 8 * (port - kConfigDataPort);
    uint64_t mask = ((uint64_t{1} << 8 * bytes) - 1) << shift;
    words[selected] = static_cast<uint32_t>((words[selected] & ~mask) |
                                            (uint64_t{value} << shift & mask));
  }

  uint32_t selected = 0;
  std::map<uint32_t, uint32_t> words;
};

TEST(PortConfigSpace, SelectsAndThenReadsOrWrites) {
  FakePorts ports;
  PortConfigSpace config(ports);
  Address address = {0, 1, 2, 3};
  ports.words[0x8001130c] = 0x44332211;
  EXPECT_EQ(config.Read32(address, 0x0c), 0x44332211u);
  EXPECT_EQ(config.Read16(address, 0x0e), 0x4433);
  EXPECT_EQ(config.Read8(address, 0x0d), 0x22);
  config.Write8(address, 0x0f, 0xaa);
  config.Write16(address, 0x0c, 0xbbcc);
  EXPECT_EQ(ports.words[0x8001130c], 0xaa33bbccu);
  config.Write32(address, 0x0c, 7);
  EXPECT_EQ(ports.words[0x8001130c], 7u);
}

TEST(PortConfigSpace, HasNothingBeyondItsReach) {
  FakePorts ports;
  PortConfigSpace config(ports);
  EXPECT_EQ(config.Read32({0, 0, 0, 0}, 256), 0xffffffff);
  EXPECT_EQ(config.Read16({1, 0, 0, 0}, 0), 0xffff);
  config.Write32({0, 0, 0, 0}, 256, 1);
  config.Write32({1, 0, 0, 0}, 0, 1);
  EXPECT_EQ(ports.selected, 0u);
  EXPECT_TRUE(ports.words.empty());
}

}  // namespace
}  // namespace ebbrt::platform::pci
