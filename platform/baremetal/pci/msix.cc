#include "platform/baremetal/pci/msix.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "platform/baremetal/pci/capabilities.h"

namespace ebbrt::platform::pci {
namespace {

// The capability, from its start.
constexpr uint32_t kControl = 2;
constexpr uint32_t kTable = 4;
constexpr uint32_t kPending = 8;
constexpr uint32_t kCapabilityBytes = 12;

constexpr uint16_t kEntriesMask = 0x7ff;  // One less than there are.
constexpr uint16_t kMaskAll = 1u << 14;
constexpr uint16_t kEnable = 1u << 15;

// The words of an entry.
constexpr uint32_t kAddressWord = 0;
constexpr uint32_t kUpperAddressWord = 1;
constexpr uint32_t kDataWord = 2;
constexpr uint32_t kControlWord = 3;
constexpr uint32_t kMasked = 1u << 0;

Msix::Place ReadPlace(ConfigSpace& config, const Address& address,
                      uint32_t offset) {
  uint32_t value = config.Read32(address, offset);
  return {static_cast<uint8_t>(value & 7), value & ~uint32_t{7}};
}

}  // namespace

std::optional<Msix> FindMsix(ConfigSpace& config, const Function& function) {
  std::optional<uint16_t> offset =
      FindCapability(ReadCapabilities(config, function), kMsixCapability);
  if (!offset.has_value() ||
      *offset + kCapabilityBytes > kBasicConfigBytes) {
    return std::nullopt;
  }
  const Address& address = function.address;
  uint16_t control = config.Read16(address, *offset + kControl);
  return Msix{.function = address,
              .offset = *offset,
              .entries = (control & kEntriesMask) + uint32_t{1},
              .table = ReadPlace(config, address, *offset + kTable),
              .pending = ReadPlace(config, address, *offset + kPending)};
}

absl::StatusOr<MsixTableMemory> LocateMsixTable(const Msix& msix,
                                                std::span<const Bar> bars) {
  uint64_t bytes = msix.entries * kMsixEntryBytes;
  for (const Bar& bar : bars) {
    if (bar.index != msix.table.bar || bar.kind == BarKind::kPorts ||
        bar.address == 0 || msix.table.offset > bar.bytes ||
        bytes > bar.bytes - msix.table.offset) {
      continue;
    }
    return MsixTableMemory{bar.address + msix.table.offset, bytes};
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "PCI function ", msix.function.ToString(), ": an MSI-X table of ", bytes,
      " bytes at ", msix.table.offset, " of BAR ", msix.table.bar,
      ", which is no memory of that size"));
}

void SetMsixMode(ConfigSpace& config, const Msix& msix, MsixMode mode) {
  uint32_t offset = msix.offset + kControl;
  uint16_t control = config.Read16(msix.function, offset);
  control = static_cast<uint16_t>(control & ~(kEnable | kMaskAll));
  if (mode != MsixMode::kOff) control |= kEnable;
  if (mode == MsixMode::kMasked) control |= kMaskAll;
  config.Write16(msix.function, offset, control);
}

MsixTable::MsixTable(std::span<volatile std::byte> memory) : memory_(memory) {
  EBBRT_CHECK(reinterpret_cast<uintptr_t>(memory.data()) % 8 == 0);
  EBBRT_CHECK(memory.size() % kMsixEntryBytes == 0);
}

uint32_t MsixTable::entries() const {
  return static_cast<uint32_t>(memory_.size() / kMsixEntryBytes);
}

volatile uint32_t& MsixTable::Word(uint32_t entry, uint32_t word) {
  EBBRT_CHECK(entry < entries());
  volatile std::byte* place =
      memory_.data() + entry * kMsixEntryBytes + word * sizeof(uint32_t);
  return *reinterpret_cast<volatile uint32_t*>(place);
}

void MsixTable::SetMessage(uint32_t entry, const Message& message) {
  // A device that sent while half of it is written would write anywhere.
  uint32_t control = Word(entry, kControlWord);
  Word(entry, kControlWord) = control | kMasked;
  Word(entry, kAddressWord) = static_cast<uint32_t>(message.address);
  Word(entry, kUpperAddressWord) =
      static_cast<uint32_t>(message.address >> 32);
  Word(entry, kDataWord) = message.data;
  Word(entry, kControlWord) = control;
}

void MsixTable::Mask(uint32_t entry) {
  Word(entry, kControlWord) = Word(entry, kControlWord) | kMasked;
  // Reading waits until the device has it.
  uint32_t unused = Word(entry, kControlWord);
  static_cast<void>(unused);
}

void MsixTable::Unmask(uint32_t entry) {
  Word(entry, kControlWord) = Word(entry, kControlWord) & ~kMasked;
}

}  // namespace ebbrt::platform::pci
