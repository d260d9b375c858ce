#include "platform/baremetal/intel/device.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "platform/baremetal/intel/registers.h"
#include "platform/current.h"

namespace ebbrt::platform::intel {
namespace {

// Of its messages.
constexpr uint32_t kQueueMessage = 0;
constexpr uint32_t kOtherMessage = 1;

constexpr uint32_t kOtherCauses = kCauseLink | kCauseOther;

}  // namespace

absl::StatusOr<std::unique_ptr<Nic>> Device::Create(
    Parts parts, std::string name, const NicOptions& options) {
  std::unique_ptr<Device> device(
      new Device(std::move(parts), std::move(name)));
  if (!device->Reset()) {
    return absl::UnavailableError("the device does not reset itself");
  }
  const absl::Status address = device->ReadAddress();
  if (!address.ok()) return address;
  auto queue = Queue::Create(
      device->parts_.registers, device->QueueCauses(),
      std::clamp(options.receive_buffers, NicOptions::kReceiveBuffersMin,
                 NicOptions::kReceiveBuffersMax));
  if (!queue.ok()) return queue.status();
  device->queue_ = *std::move(queue);
  NicFacts& facts = device->facts_;
  facts.name = device->name_;
  facts.transmit_checksum = true;
  facts.segmentation_bytes_max = Queue::kFrameBytesMax;
  facts.buffers_max = Queue::kBuffersMax;
  return device;
}

Device::~Device() {
  for (uint32_t i = 0; i < parts_.interrupts->count(); ++i) {
    parts_.interrupts->Unbind(i);
  }
  // One that goes on using memory that it was lent is beyond help.
  if (!Reset()) {
    Platform::WriteConsole(name_ + " does not reset itself\n");
  }
}

bool Device::Reset() {
  const Registers& registers = parts_.registers;
  registers.Write(kMaskClear, kAllCauses);
  registers.Write(kReceiveControl, uint32_t{0});
  registers.Write(kTransmitControl, uint32_t{0});
  registers.Write(kControl,
                  registers.Read<uint32_t>(kControl) | kControlReset);
  for (uint32_t i = 0; i < kResetPollsMax; ++i) {
    if ((registers.Read<uint32_t>(kControl) & kControlReset) == 0) {
      registers.Write(kMaskClear, kAllCauses);
      // What had come up to now is of no interest.
      static_cast<void>(registers.Read<uint32_t>(kCauses));
      return true;
    }
    __builtin_ia32_pause();
  }
  return false;
}

absl::Status Device::ReadAddress() {
  const auto low = parts_.registers.Read<uint32_t>(kAddressLow);
  const auto high = parts_.registers.Read<uint32_t>(kAddressHigh);
  if ((high & kAddressValid) == 0) {
    return absl::UnavailableError("the device has read no address");
  }
  const uint64_t all = low | uint64_t{high} << 32;
  for (size_t i = 0; i < facts_.address.bytes.size(); ++i) {
    facts_.address.bytes[i] = static_cast<uint8_t>(all >> 8 * i);
  }
  return absl::OkStatus();
}

uint32_t Device::QueueCauses() const {
  return parts_.signalling == Signalling::kMessages
             ? kCauseReceivedQueue0 | kCauseTransmittedQueue0
             : kCauseTransmitted | kCauseReceived | kCauseReceiveLow |
                   kCauseReceiveOverrun;
}

absl::StatusOr<NicQueue*> Device::OpenQueue(uint32_t queue,
                                            NicReceiver& receiver) {
  if (queue != 0) return absl::OutOfRangeError("the NIC has one queue");
  if (queue_->is_open()) return absl::AlreadyExistsError("the queue is open");
  const absl::Status bound = BindInterrupts();
  if (!bound.ok()) return bound;
  const Registers& registers = parts_.registers;
  registers.Write(kControl, (registers.Read<uint32_t>(kControl) &
                             ~kControlUnwanted) |
                                kControlLinkUp | kControlAutoSpeed);
  for (size_t i = 0; i < kMulticastWords; ++i) {
    registers.Write(kMulticastTable + i * sizeof(uint32_t), uint32_t{0});
  }
  queue_->Open(receiver);
  StartTransmitter();
  StartReceiver();
  if (parts_.signalling == Signalling::kMessages) RouteMessages();
  queue_->EnableInterrupt();
  registers.Write(kMaskSet, parts_.signalling == Signalling::kMessages
                                ? kOtherCauses
                                : kCauseLink);
  CheckLink();
  return queue_.get();
}

void Device::StartReceiver() {
  parts_.registers.Write(kReceiveChecksum,
                         kReceiveChecksumIp | kReceiveChecksumTransport);
  // Buffers of 2048 bytes, which is what none of the bits for another size
  // means.
  static_assert(ReceivePool::kBufferBytes == 2048);
  parts_.registers.Write(kReceiveControl, kReceiveEnable | kReceiveBroadcast |
                                              kReceiveStripCheck);
}

void Device::StartTransmitter() {
  parts_.registers.Write(kTransmitGap, kTransmitGapCopper);
  parts_.registers.Write(kTransmitControl, kTransmitEnable | kTransmitPad |
                                               kTransmitCollisions);
}

absl::Status Device::BindInterrupts() {
  DeviceInterrupts& interrupts = *parts_.interrupts;
  if (parts_.signalling == Signalling::kCauses) {
    return interrupts.Bind(0, OnAnyCause, this);
  }
  absl::Status bound = interrupts.Bind(kQueueMessage, OnQueueMessage, this);
  if (bound.ok()) {
    bound = interrupts.Bind(kOtherMessage, OnOtherMessage, this);
    if (!bound.ok()) interrupts.Unbind(kQueueMessage);
  }
  return bound;
}

void Device::RouteMessages() {
  const Registers& registers = parts_.registers;
  registers.Write(kExtendedControl,
                  registers.Read<uint32_t>(kExtendedControl) |
                      kPendingBitsClear);
  registers.Write(kVectors,
                  VectorField(kQueueMessage, kVectorReceive0) |
                      VectorField(kQueueMessage, kVectorTransmit0) |
                      VectorField(kOtherMessage, kVectorOther) |
                      kVectorEveryTransmit);
  registers.Write(kAutoClear, QueueCauses());
}

bool Device::OnAnyCause(void* context) {
  auto& device = *static_cast<Device*>(context);
  // Reading takes the causes, and has the line become quiet.
  const auto causes = device.parts_.registers.Read<uint32_t>(kCauses);
  if ((causes & kCauseLink) != 0) device.CheckLink();
  if ((causes & device.QueueCauses()) != 0) device.queue_->OnInterrupt();
  return (causes & (kCauseLink | device.QueueCauses())) != 0;
}

bool Device::OnQueueMessage(void* context) {
  static_cast<Device*>(context)->queue_->OnInterrupt();
  return true;
}

bool Device::OnOtherMessage(void* context) {
  auto& device = *static_cast<Device*>(context);
  device.parts_.registers.Write(kCauses, kOtherCauses);
  device.CheckLink();
  device.parts_.registers.Write(kMaskSet, kOtherCauses);
  return true;
}

void Device::CheckLink() {
  queue_->SetLink((parts_.registers.Read<uint32_t>(kStatus) &
                   kStatusLinkUp) != 0);
}

}  // namespace ebbrt::platform::intel
