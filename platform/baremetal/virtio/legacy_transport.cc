#include "platform/baremetal/virtio/legacy_transport.h"

#include "absl/status/status.h"
#include "platform/baremetal/devices/pci_machine.h"

namespace ebbrt::platform::virtio {
namespace {

constexpr uint8_t kBar = 0;

constexpr uint32_t kDeviceFeatures = 0;
constexpr uint32_t kDriverFeatures = 4;
constexpr uint32_t kQueuePage = 8;
constexpr uint32_t kQueueSize = 12;
constexpr uint32_t kQueueSelect = 14;
constexpr uint32_t kQueueNotify = 16;
constexpr uint32_t kDeviceStatus = 18;
constexpr uint32_t kInterruptStatus = 19;
// Only while MSI-X is on; else the configuration begins here.
constexpr uint32_t kConfigVector = 20;
constexpr uint32_t kQueueVector = 22;
constexpr uint32_t kVectorsEnd = 24;
// What any device's configuration takes at least.
constexpr uint32_t kPortsMin = kVectorsEnd;

}  // namespace

absl::StatusOr<std::unique_ptr<Transport>> LegacyTransport::Create(
    std::unique_ptr<PciDevice>& device) {
  const auto first = device->FindPorts(kBar, kPortsMin);
  if (!first.ok()) return first.status();
  const auto count = static_cast<uint32_t>(device->BarBytes(kBar));
  std::unique_ptr<LegacyTransport> transport(
      new LegacyTransport(std::move(device), *first, count));
  if (!Reset(*transport)) {
    return absl::UnavailableError("the device does not reset itself");
  }
  transport->device_->MasterBus();
  return transport;
}

LegacyTransport::LegacyTransport(std::unique_ptr<PciDevice> device,
                                 uint16_t first_port, uint32_t port_count)
    : device_(std::move(device)),
      ports_(MachinePorts()),
      first_port_(first_port),
      port_count_(port_count) {}

uint32_t LegacyTransport::In(uint32_t offset, uint32_t bytes) {
  return ports_.In(static_cast<uint16_t>(first_port_ + offset), bytes);
}
void LegacyTransport::Out(uint32_t offset, uint32_t bytes, uint32_t value) {
  ports_.Out(static_cast<uint16_t>(first_port_ + offset), bytes, value);
}

uint64_t LegacyTransport::ReadFeatures() { return In(kDeviceFeatures, 4); }
void LegacyTransport::WriteFeatures(uint64_t features) {
  Out(kDriverFeatures, 4, static_cast<uint32_t>(features));
}

uint8_t LegacyTransport::ReadStatus() {
  return static_cast<uint8_t>(In(kDeviceStatus, 1));
}
void LegacyTransport::WriteStatus(uint8_t status) {
  Out(kDeviceStatus, 1, status);
}

uint8_t LegacyTransport::ReadConfig(uint32_t offset) {
  offset += device_->are_msix() ? kVectorsEnd : kConfigVector;
  return offset < port_count_ ? static_cast<uint8_t>(In(offset, 1))
                              : uint8_t{0};
}

uint16_t LegacyTransport::QueueSizeMax(uint16_t queue) {
  Out(kQueueSelect, 2, queue);
  return static_cast<uint16_t>(In(kQueueSize, 2));
}

bool LegacyTransport::SetVector(uint32_t offset, uint32_t interrupt) {
  if (!device_->are_msix()) return true;
  Out(offset, 2, interrupt);
  return In(offset, 2) == interrupt;
}

bool LegacyTransport::StartQueue(uint16_t queue, const Virtqueue& rings,
                                 uint32_t interrupt) {
  const uint64_t page = rings.descriptors_address() / RingLayout::kAlignment;
  if (page > ~uint32_t{0}) return false;
  Out(kQueueSelect, 2, queue);
  if (!SetVector(kQueueVector, interrupt)) return false;
  Out(kQueuePage, 4, static_cast<uint32_t>(page));
  return true;
}

bool LegacyTransport::SetConfigInterrupt(uint32_t interrupt) {
  return SetVector(kConfigVector, interrupt);
}

void LegacyTransport::Notify(uint16_t queue) { Out(kQueueNotify, 2, queue); }

bool LegacyTransport::TakeLine() { return In(kInterruptStatus, 1) != 0; }

}  // namespace ebbrt::platform::virtio
