#include "platform/baremetal/pci/msi.h"

#include "core/base/check.h"
#include "platform/baremetal/pci/capabilities.h"

namespace ebbrt::platform::pci {
namespace {

// The capability, from its start.
constexpr uint32_t kControl = 2;
constexpr uint32_t kAddress = 4;
constexpr uint32_t kUpperAddress = 8;
constexpr uint32_t kData = 8;  // And the mask eight bytes behind it.
constexpr uint32_t kWideBytes = 4;

constexpr uint16_t kEnable = 1u << 0;
constexpr uint16_t kEnabledMessages = 7u << 4;
constexpr uint16_t kWide = 1u << 7;
constexpr uint16_t kMaskable = 1u << 8;

uint32_t DataOffset(const Msi& msi) {
  return msi.offset + kData + (msi.has_wide_address ? kWideBytes : 0);
}

uint32_t MaskOffset(const Msi& msi) { return DataOffset(msi) + 4; }

// The first byte behind the capability.
uint32_t EndOffset(const Msi& msi) {
  // The pending bits follow the mask.
  return msi.has_mask ? MaskOffset(msi) + 8 : DataOffset(msi) + 2;
}

}  // namespace

std::optional<Msi> FindMsi(ConfigSpace& config, const Function& function) {
  std::optional<uint16_t> offset =
      FindCapability(ReadCapabilities(config, function), kMsiCapability);
  if (!offset.has_value()) return std::nullopt;
  uint16_t control = config.Read16(function.address, *offset + kControl);
  uint32_t wanted_log2 = control >> 1 & 7;
  if (wanted_log2 > 5) return std::nullopt;  // Reserved.
  Msi msi = {.function = function.address,
             .offset = *offset,
             .messages_wanted = uint32_t{1} << wanted_log2,
             .has_wide_address = (control & kWide) != 0,
             .has_mask = (control & kMaskable) != 0};
  if (EndOffset(msi) > kBasicConfigBytes) return std::nullopt;
  return msi;
}

void SetMsiMessage(ConfigSpace& config, const Msi& msi,
                   const Message& message) {
  config.Write32(msi.function, msi.offset + kAddress,
                 static_cast<uint32_t>(message.address));
  if (msi.has_wide_address) {
    config.Write32(msi.function, msi.offset + kUpperAddress,
                   static_cast<uint32_t>(message.address >> 32));
  }
  config.Write16(msi.function, DataOffset(msi),
                 static_cast<uint16_t>(message.data));
}

void EnableMsi(ConfigSpace& config, const Msi& msi, bool enable) {
  uint16_t control = config.Read16(msi.function, msi.offset + kControl);
  // One message, whatever firmware has granted.
  control = static_cast<uint16_t>(control & ~(kEnable | kEnabledMessages));
  if (enable) control |= kEnable;
  config.Write16(msi.function, msi.offset + kControl, control);
}

void MaskMsi(ConfigSpace& config, const Msi& msi, bool mask) {
  EBBRT_CHECK(msi.has_mask);
  config.Write32(msi.function, MaskOffset(msi), mask ? 1 : 0);
}

}  // namespace ebbrt::platform::pci
