// libFuzzer chooses what stands in configuration space: what a driver finds
// there of its device makes sense, or is left out.
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/check.h"
#include "core/testing/choices.h"
#include "platform/baremetal/pci/bars.h"
#include "platform/baremetal/pci/capabilities.h"
#include "platform/baremetal/pci/enumerate.h"
#include "platform/baremetal/pci/fake_config_space.h"
#include "platform/baremetal/pci/msi.h"
#include "platform/baremetal/pci/msix.h"
#include "platform/baremetal/pci/registers.h"

namespace ebbrt::platform::pci {
namespace {

using ebbrt::testing::Choices;
using testing::FakeConfigSpace;
using testing::FakeFunction;

constexpr uint32_t kFilledMax = 3;

void Fill(FakeFunction& function, Choices& choices) {
  for (uint8_t count = choices.Next(); count != 0; --count) {
    // The header and the list behind it, or, less often, what is beyond.
    const uint32_t offset = choices.Next() % 4 != 0
                                ? choices.Next()
                                : choices.Next16() % kConfigBytes;
    const uint8_t value = choices.Next();
    // Every function can be told to decode no address.
    if (offset / 2 == kCommand16 / 2) continue;
    function.Set8(offset, value, choices.Flip() ? choices.Next() : uint8_t{0});
  }
}

void LookAt(ConfigSpace& config, const Function& function) {
  const std::vector<Capability> basic = ReadCapabilities(config, function);
  for (const Capability& one : basic) EBBRT_CHECK(one.offset < 256);
  for (const Capability& one : ReadExtendedCapabilities(config, function)) {
    EBBRT_CHECK(one.offset >= 256 && one.offset < kConfigBytes);
  }
  const auto bars = SizeBars(config, function);
  if (!bars.ok()) return;
  EBBRT_CHECK(bars->size() <= 6);
  for (const Bar& bar : *bars) {
    EBBRT_CHECK(bar.bytes != 0 && (bar.bytes & (bar.bytes - 1)) == 0);
    EBBRT_CHECK(bar.address + bar.bytes >= bar.address);
  }
  if (const auto msi = FindMsi(config, function)) {
    EBBRT_CHECK(msi->messages_wanted >= 1 && msi->messages_wanted <= 32);
    SetMsiMessage(config, *msi, {.address = 0xfee00000, .data = 0x40});
    EnableMsi(config, *msi, true);
    if (msi->has_mask) MaskMsi(config, *msi, true);
  }
  const auto msix = FindMsix(config, function);
  if (!msix) return;
  EBBRT_CHECK(msix->entries >= 1 && msix->entries <= 2048);
  const auto table = LocateMsixTable(*msix, *bars);
  if (table.ok()) {
    EBBRT_CHECK(table->bytes == msix->entries * kMsixEntryBytes);
    EBBRT_CHECK(table->address + table->bytes > table->address);
  }
  SetMsixMode(config, *msix, MsixMode::kOn);
}

void Exercise(Choices choices) {
  FakeConfigSpace config;
  for (uint8_t i = 0; i < kFilledMax; ++i) {
    const Address address = {0, static_cast<uint8_t>(choices.Next() % 4),
                             static_cast<uint8_t>(choices.Next() % 4),
                             static_cast<uint8_t>(choices.Next() % 8)};
    Fill(config.Add(address), choices);
  }
  const BusRange range = {0, 0, 255};
  const Enumeration found =
      Enumerate(config, {&range, 1}, Roots::kFirstBus);
  EBBRT_CHECK(found.functions.size() <= kFilledMax);
  for (const Function& function : found.functions) LookAt(config, function);
  EBBRT_CHECK(!config.moved_while_decoding());
}

}  // namespace
}  // namespace ebbrt::platform::pci

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  ebbrt::platform::pci::Exercise(ebbrt::testing::Choices({data, bytes}));
  return 0;
}
