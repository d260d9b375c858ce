#include "platform/baremetal/intel/device.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <utility>

#include "platform/baremetal/intel/registers.h"
#include "platform/current.h"

namespace ebbrt::platform::intel {
namespace {

// What is hashed is as good as secret: a peer cannot choose its flows' queue.
ToeplitzHash::Key DrawKey() {
  ToeplitzHash::Key key;
  Platform::FillEntropy(std::as_writable_bytes(std::span(key)));
  return key;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Nic>> Device::Create(
    Parts parts, std::string name, const NicOptions& options) {
  std::unique_ptr<Device> device(
      new Device(std::move(parts), std::move(name)));
  if (!device->Reset()) {
    return absl::UnavailableError("the device does not reset itself");
  }
  absl::Status made = device->ReadAddress();
  if (made.ok()) made = device->MakeQueues(options);
  if (!made.ok()) return made;
  device->Start();
  return device;
}

Device::Device(Parts parts, std::string name)
    : parts_(std::move(parts)),
      name_(std::move(name)),
      hash_key_(DrawKey()),
      hash_(hash_key_) {
  facts_.name = name_;
  facts_.transmit_checksum = true;
  facts_.segmentation_bytes_max = Queue::kFrameBytesMax;
  facts_.buffers_max = Queue::kBuffersMax;
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

// Several need a message each, as one register's causes belong to one core.
uint32_t Device::CountQueues(const NicOptions& options) const {
  if (parts_.model != Model::k82574 || !has_messages()) return 1;
  return std::clamp(std::min(options.queues_max,
                             parts_.interrupts->count() - 1),
                    1u, kQueuesMax);
}

absl::Status Device::MakeQueues(const NicOptions& options) {
  facts_.queue_count = CountQueues(options);
  for (uint32_t number = 0; number < facts_.queue_count; ++number) {
    auto queue = Queue::Create(
        parts_.registers,
        {.number = number,
         .causes = QueueCauses(number),
         .receive_buffers =
             std::clamp(options.receive_buffers, NicOptions::kReceiveBuffersMin,
                        NicOptions::kReceiveBuffersMax),
         .format = parts_.model == Model::k82574 ? kReceiveExtendedFormat
                                                 : kReceiveLegacyFormat,
         .shares_context = facts_.queue_count > 1});
    if (!queue.ok()) return queue.status();
    queues_.push_back(*std::move(queue));
  }
  return absl::OkStatus();
}

uint32_t Device::QueueCauses(uint32_t queue) const {
  return has_messages() ? CauseReceived(queue) | CauseTransmitted(queue)
                        : kCauseTransmitted | kCauseReceived |
                              kCauseReceiveLow | kCauseReceiveOverrun;
}

uint32_t Device::AllQueueCauses() const {
  uint32_t causes = 0;
  for (uint32_t i = 0; i < facts_.queue_count; ++i) causes |= QueueCauses(i);
  return causes;
}

uint32_t Device::OtherCauses() const {
  return has_messages() ? kCauseLink | kCauseOther : kCauseLink;
}

void Device::Start() {
  const Registers& registers = parts_.registers;
  registers.Write(kControl, (registers.Read<uint32_t>(kControl) &
                             ~kControlUnwanted) |
                                kControlLinkUp | kControlAutoSpeed);
  for (size_t i = 0; i < kMulticastWords; ++i) {
    registers.Write(kMulticastTable + i * sizeof(uint32_t), uint32_t{0});
  }
  StartTransmitter();
  StartReceiver();
  if (has_messages()) RouteMessages();
}

absl::StatusOr<NicQueue*> Device::OpenQueue(uint32_t number,
                                            NicReceiver& receiver) {
  if (number >= queues_.size()) {
    return absl::OutOfRangeError("the NIC has fewer queues");
  }
  // Relaxed: who claims a queue is alone with it.
  const uint32_t bit = 1u << number;
  if ((claimed_.fetch_or(bit, std::memory_order_relaxed) & bit) != 0) {
    return absl::AlreadyExistsError("the queue is open");
  }
  const absl::Status bound = BindInterrupts(number);
  if (!bound.ok()) {
    claimed_.fetch_and(~bit, std::memory_order_relaxed);
    return bound;
  }
  queues_[number]->Open(receiver);
  // Acquire and release: the last one comes after all others are open.
  if (open_count_.fetch_add(1, std::memory_order_acq_rel) + 1 ==
      queues_.size()) {
    SpreadFlows();
  }
  if (number == 0) parts_.registers.Write(kMaskSet, OtherCauses());
  CheckLink();
  return queues_[number].get();
}

uint32_t Device::QueueOf(uint32_t source, uint32_t destination,
                         uint16_t source_port,
                         uint16_t destination_port) const {
  if (queues_.size() == 1) return kQueueUnknown;
  return hash_.Of(source, destination, source_port, destination_port) %
         kQueuesMax;
}

void Device::StartReceiver() {
  const Registers& registers = parts_.registers;
  uint32_t sums = kReceiveChecksumIp | kReceiveChecksumTransport;
  if (parts_.model == Model::k82574) {
    registers.Write(kReceiveFilter, kReceiveExtended);
  }
  if (queues_.size() > 1) {
    sums |= kReceiveHashNotSum;
    StartHash();
  }
  registers.Write(kReceiveChecksum, sums);
  // Buffers of 2048 bytes, which is what none of the bits for another size
  // means.
  static_assert(ReceivePool::kBufferBytes == 2048);
  registers.Write(kReceiveControl,
                  kReceiveEnable | kReceiveBroadcast | kReceiveStripCheck);
}

void Device::StartHash() {
  const Registers& registers = parts_.registers;
  for (size_t i = 0; i < hash_key_.size(); i += sizeof(uint32_t)) {
    uint32_t word;
    std::memcpy(&word, &hash_key_[i], sizeof(word));
    registers.Write(kHashKey + i, word);
  }
  for (size_t i = 0; i < kRedirectionEntries; i += sizeof(uint32_t)) {
    registers.Write(kRedirection + i, uint32_t{0});
  }
  // What is no TCP is spread by its addresses; that needs nobody to know.
  registers.Write(kMultipleQueues,
                  kMultipleQueuesByHash | kHashTcp4 | kHashIp4);
}

void Device::SpreadFlows() {
  if (queues_.size() == 1) return;
  // By the hash's lowest bit (QueueOf).
  static_assert(kQueuesMax == 2);
  constexpr uint32_t kInTurn = kRedirectionQueue1 << 8 |
                               kRedirectionQueue1 << 24;
  for (size_t i = 0; i < kRedirectionEntries; i += sizeof(uint32_t)) {
    parts_.registers.Write(kRedirection + i, kInTurn);
  }
}

void Device::StartTransmitter() {
  parts_.registers.Write(kTransmitGap, kTransmitGapCopper);
  parts_.registers.Write(kTransmitControl, kTransmitEnable | kTransmitPad |
                                               kTransmitCollisions);
}

absl::Status Device::BindInterrupts(uint32_t queue) {
  DeviceInterrupts& interrupts = *parts_.interrupts;
  if (!has_messages()) return interrupts.Bind(0, OnAnyCause, this);
  absl::Status bound =
      interrupts.Bind(queue, OnQueueMessage, queues_[queue].get());
  if (bound.ok() && queue == 0) {
    bound = interrupts.Bind(OtherMessage(), OnOtherMessage, this);
    if (!bound.ok()) interrupts.Unbind(queue);
  }
  return bound;
}

void Device::RouteMessages() {
  const Registers& registers = parts_.registers;
  registers.Write(kExtendedControl,
                  registers.Read<uint32_t>(kExtendedControl) |
                      kPendingBitsClear);
  uint32_t vectors = VectorField(OtherMessage(), kVectorOther) |
                     kVectorEveryTransmit;
  for (uint32_t i = 0; i < facts_.queue_count; ++i) {
    vectors |= VectorField(i, kVectorReceive + i * kVectorBits) |
               VectorField(i, kVectorTransmit + i * kVectorBits);
  }
  registers.Write(kVectors, vectors);
  registers.Write(kAutoClear, AllQueueCauses());
}

bool Device::OnAnyCause(void* context) {
  auto& device = *static_cast<Device*>(context);
  // Reading takes the causes, and has the line become quiet.
  const auto causes = device.parts_.registers.Read<uint32_t>(kCauses);
  const uint32_t queue_causes = device.QueueCauses(0);
  if ((causes & kCauseLink) != 0) device.CheckLink();
  if ((causes & queue_causes) != 0) device.queues_.front()->OnInterrupt();
  return (causes & (kCauseLink | queue_causes)) != 0;
}

bool Device::OnQueueMessage(void* queue) {
  static_cast<Queue*>(queue)->OnInterrupt();
  return true;
}

bool Device::OnOtherMessage(void* context) {
  auto& device = *static_cast<Device*>(context);
  device.parts_.registers.Write(kCauses, device.OtherCauses());
  device.CheckLink();
  device.parts_.registers.Write(kMaskSet, device.OtherCauses());
  return true;
}

void Device::CheckLink() {
  const bool up =
      (parts_.registers.Read<uint32_t>(kStatus) & kStatusLinkUp) != 0;
  for (const std::unique_ptr<Queue>& queue : queues_) queue->SetLink(up);
}

}  // namespace ebbrt::platform::intel
