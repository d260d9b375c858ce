#include "platform/baremetal/virtio/pci_transport.h"

#include <mutex>
#include <optional>

#include "absl/status/status.h"
#include "core/base/check.h"
#include "platform/baremetal/devices/pci_machine.h"
#include "platform/baremetal/pci/capabilities.h"
#include "platform/baremetal/virtio/legacy_transport.h"

namespace ebbrt::platform::virtio {
namespace {

// A capability, section 4.1.4: its bytes, and what kind of part it leads to.
constexpr uint32_t kCapabilityLength = 2;
constexpr uint32_t kCapabilityKind = 3;
constexpr uint32_t kCapabilityBar = 4;
constexpr uint32_t kCapabilityOffset = 8;
constexpr uint32_t kCapabilityBytes = 12;
constexpr uint32_t kCapabilityNotifyStride = 16;
constexpr uint32_t kCapabilityEnd = 20;

enum class Part : uint8_t {
  kCommon = 1,
  kNotify = 2,
  kInterrupt = 3,
  kConfig = 4,
};

// The common part, section 4.1.4.3.
constexpr size_t kDeviceFeatureSelect = 0;
constexpr size_t kDeviceFeature = 4;
constexpr size_t kDriverFeatureSelect = 8;
constexpr size_t kDriverFeature = 12;
constexpr size_t kConfigVector = 16;
constexpr size_t kQueueCount = 18;
constexpr size_t kDeviceStatus = 20;
constexpr size_t kQueueSelect = 22;
constexpr size_t kQueueSize = 24;
constexpr size_t kQueueVector = 26;
constexpr size_t kQueueEnable = 28;
constexpr size_t kQueueNotify = 30;
constexpr size_t kQueueDescriptors = 32;
constexpr size_t kQueueAvailable = 40;
constexpr size_t kQueueUsed = 48;
constexpr size_t kCommonBytes = 56;

constexpr uint16_t kNoVector = 0xffff;

// 64 bits in two accesses, which all devices know.
void WriteWide(const Registers& registers, size_t offset, uint64_t value) {
  registers.Write(offset, static_cast<uint32_t>(value));
  registers.Write(offset + 4, static_cast<uint32_t>(value >> 32));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Transport>> ConnectPci(
    const pci::Function& function) {
  auto device = PciDevice::Claim(function);
  if (!device.ok()) return device.status();
  auto transport = PciTransport::Create(*device);
  if (absl::IsNotFound(transport.status())) {
    transport = LegacyTransport::Create(*device);
  }
  return transport;
}

absl::StatusOr<std::unique_ptr<Transport>> PciTransport::Create(
    std::unique_ptr<PciDevice>& device) {
  const auto parts = FindParts(*device);
  if (!parts.ok()) return parts.status();
  std::unique_ptr<PciTransport> transport(
      new PciTransport(std::move(device), *parts));
  if (!Reset(*transport)) {
    return absl::UnavailableError("the device does not reset itself");
  }
  transport->device_->MasterBus();
  return transport;
}

absl::StatusOr<PciTransport::Parts> PciTransport::FindParts(
    PciDevice& device) {
  std::scoped_lock guard(PciConfigLock());
  pci::ConfigSpace& config = PciConfig();
  const pci::Address& address = device.function().address;
  Parts parts;
  for (const pci::Capability& capability :
       pci::ReadCapabilities(config, device.function())) {
    const uint32_t at = capability.offset;
    if (capability.id != pci::kVendorCapability ||
        at + kCapabilityEnd > pci::kBasicConfigBytes) {
      continue;
    }
    const auto part = Part{config.Read8(address, at + kCapabilityKind)};
    Registers* place = part == Part::kCommon      ? &parts.common
                       : part == Part::kNotify    ? &parts.notify
                       : part == Part::kInterrupt ? &parts.interrupt
                       : part == Part::kConfig    ? &parts.config
                                                  : nullptr;
    // Of several, the first is the one that the device prefers.
    if (place == nullptr || place->size() != 0 ||
        config.Read8(address, at + kCapabilityLength) <
            kCapabilityNotifyStride) {
      continue;
    }
    auto mapped =
        device.MapMemory(config.Read8(address, at + kCapabilityBar),
                         config.Read32(address, at + kCapabilityOffset),
                         config.Read32(address, at + kCapabilityBytes));
    if (!mapped.ok()) continue;
    *place = *mapped;
    if (part == Part::kNotify) {
      parts.notify_stride =
          config.Read32(address, at + kCapabilityNotifyStride);
    }
  }
  if (parts.common.size() < kCommonBytes || parts.notify.size() == 0 ||
      parts.interrupt.size() == 0) {
    return absl::NotFoundError("the device has no registers as of virtio 1.0");
  }
  return parts;
}

uint64_t PciTransport::ReadFeatures() {
  uint64_t features = 0;
  for (uint32_t word = 0; word < 2; ++word) {
    parts_.common.Write(kDeviceFeatureSelect, word);
    features |= uint64_t{parts_.common.Read<uint32_t>(kDeviceFeature)}
                << 32 * word;
  }
  return features;
}

void PciTransport::WriteFeatures(uint64_t features) {
  for (uint32_t word = 0; word < 2; ++word) {
    parts_.common.Write(kDriverFeatureSelect, word);
    parts_.common.Write(kDriverFeature,
                        static_cast<uint32_t>(features >> 32 * word));
  }
}

uint8_t PciTransport::ReadStatus() {
  return parts_.common.Read<uint8_t>(kDeviceStatus);
}
void PciTransport::WriteStatus(uint8_t status) {
  parts_.common.Write(kDeviceStatus, status);
}

uint8_t PciTransport::ReadConfig(uint32_t offset) {
  return offset < parts_.config.size() ? parts_.config.Read<uint8_t>(offset)
                                       : uint8_t{0};
}

uint16_t PciTransport::QueueSizeMax(uint16_t queue) {
  if (queue >= parts_.common.Read<uint16_t>(kQueueCount)) return 0;
  parts_.common.Write(kQueueSelect, queue);
  return parts_.common.Read<uint16_t>(kQueueSize);
}

bool PciTransport::SetVector(uint32_t offset, uint32_t interrupt) {
  const uint16_t vector =
      device_->are_msix() ? static_cast<uint16_t>(interrupt) : kNoVector;
  parts_.common.Write(offset, vector);
  return parts_.common.Read<uint16_t>(offset) == vector;
}

bool PciTransport::StartQueue(uint16_t queue, const Virtqueue& rings,
                              uint32_t interrupt) {
  parts_.common.Write(kQueueSelect, queue);
  const uint64_t notify =
      uint64_t{parts_.common.Read<uint16_t>(kQueueNotify)} *
      parts_.notify_stride;
  if (notify % sizeof(uint16_t) != 0 ||
      notify + sizeof(uint16_t) > parts_.notify.size() ||
      !SetVector(kQueueVector, interrupt)) {
    return false;
  }
  parts_.common.Write(kQueueSize, rings.size());
  WriteWide(parts_.common, kQueueDescriptors, rings.descriptors_address());
  WriteWide(parts_.common, kQueueAvailable, rings.available_address());
  WriteWide(parts_.common, kQueueUsed, rings.used_address());
  parts_.common.Write(kQueueEnable, uint16_t{1});
  if (queue >= notify_offsets_.size()) notify_offsets_.resize(queue + 1u);
  notify_offsets_[queue] = static_cast<uint32_t>(notify);
  return true;
}

bool PciTransport::SetConfigInterrupt(uint32_t interrupt) {
  return SetVector(kConfigVector, interrupt);
}

void PciTransport::Notify(uint16_t queue) {
  EBBRT_DCHECK(queue < notify_offsets_.size());
  parts_.notify.Write(notify_offsets_[queue], queue);
}

bool PciTransport::TakeLine() {
  return parts_.interrupt.Read<uint8_t>(0) != 0;
}

}  // namespace ebbrt::platform::virtio
