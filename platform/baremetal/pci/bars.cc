#include "platform/baremetal/pci/bars.h"

#include <cstddef>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "platform/baremetal/pci/registers.h"

namespace ebbrt::platform::pci {
namespace {

constexpr uint32_t kIsPorts = 1u << 0;
constexpr uint32_t kTypeMask = 3u << 1;
constexpr uint32_t kType64 = 2u << 1;
constexpr uint32_t kTypeReserved = 3u << 1;
constexpr uint32_t kPrefetchable = 1u << 3;
constexpr uint32_t kPortsMask = ~uint32_t{3};
constexpr uint32_t kMemoryMask = ~uint32_t{15};

uint32_t BarCount(HeaderType type) {
  switch (type) {
    case HeaderType::kDevice:
      return 6;
    case HeaderType::kBridge:
      return 2;
    default:
      return 0;
  }
}

// What a register reads after all ones were written to it: the address bits
// that can be set.
uint32_t Probe(ConfigSpace& config, const Address& address, uint32_t offset) {
  uint32_t value = config.Read32(address, offset);
  config.Write32(address, offset, ~uint32_t{0});
  uint32_t settable = config.Read32(address, offset);
  config.Write32(address, offset, value);
  return settable;
}

// The range at register `index`; none if there is none, or it makes no sense.
std::optional<Bar> SizeBar(ConfigSpace& config, const Address& address,
                           uint32_t index) {
  uint32_t offset = kBars32 + 4 * index;
  uint32_t low = config.Read32(address, offset);
  uint32_t settable_low = Probe(config, address, offset);
  Bar bar = {.index = static_cast<uint8_t>(index),
             .kind = BarKind::kMemory32,
             .prefetchable = false,
             .address = 0,
             .bytes = 0};
  uint64_t settable = 0;
  uint64_t all = ~uint32_t{0};
  if ((low & kIsPorts) != 0) {
    bar.kind = BarKind::kPorts;
    // A PC has 16 bits of them; the others may be settable all the same.
    bar.address = low & kPortsMask & 0xffff;
    settable = settable_low & kPortsMask & 0xffff;
    all = 0xffff;
  } else {
    if ((low & kTypeMask) == kTypeReserved) return std::nullopt;
    bar.prefetchable = (low & kPrefetchable) != 0;
    bar.address = low & kMemoryMask;
    settable = settable_low & kMemoryMask;
    if ((low & kTypeMask) == kType64) {
      bar.kind = BarKind::kMemory64;
      bar.address |= uint64_t{config.Read32(address, offset + 4)} << 32;
      settable |= uint64_t{Probe(config, address, offset + 4)} << 32;
      all = ~uint64_t{0};
    }
  }
  // The lowest bit that can be set is the size.
  bar.bytes = settable & -settable;
  if (bar.bytes == 0 || bar.address > ~uint64_t{0} - bar.bytes) {
    return std::nullopt;
  }
  // It kept its value, and not because that has all bits set: nothing can be
  // set, and there is no telling the size.
  if (settable == bar.address && (settable | (bar.bytes - 1)) != all) {
    return std::nullopt;
  }
  return bar;
}

bool Is64(ConfigSpace& config, const Address& address, uint32_t index) {
  uint32_t low = config.Read32(address, kBars32 + 4 * index);
  return (low & kIsPorts) == 0 && (low & kTypeMask) == kType64;
}

}  // namespace

absl::StatusOr<std::vector<Bar>> SizeBars(ConfigSpace& config,
                                          const Function& function) {
  const Address& address = function.address;
  if (config.Read16(address, kVendor16) != function.vendor) {
    return absl::NotFoundError(
        absl::StrCat("PCI function ", address.ToString(), " is gone"));
  }
  uint16_t command =
      UpdateCommand(config, address, Command::kNone,
                    Command::kPortDecode | Command::kMemoryDecode);
  std::vector<Bar> bars;
  uint32_t count = BarCount(function.header_type);
  for (uint32_t index = 0; index < count; ++index) {
    bool is_64 = Is64(config, address, index);
    // The last one has no next to hold the upper half.
    if (!is_64 || index + 1 < count) {
      std::optional<Bar> bar = SizeBar(config, address, index);
      if (bar.has_value()) bars.push_back(*bar);
    }
    if (is_64) ++index;
  }
  config.Write16(address, kCommand16, command);
  return bars;
}

}  // namespace ebbrt::platform::pci
