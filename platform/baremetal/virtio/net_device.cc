#include "platform/baremetal/virtio/net_device.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <mutex>
#include <span>
#include <utility>

#include "core/base/check.h"
#include "core/event/event_loop.h"
#include "platform/current.h"

namespace ebbrt::platform::virtio {
namespace {

constexpr uint64_t kWanted =
    kNetChecksum | kNetGuestChecksum | kNetMtu | kNetMac | kNetGuestTso4 |
    kNetHostTso4 | kNetMergeable | kNetStatus | kNetControl | kNetMultiqueue |
    kAnyLayout | kIndirect | kEventIndex;

constexpr size_t kMtuMin = 68;  // RFC 791: what every link must carry.
constexpr size_t kMtuUsual = 1500;

// What one feature is worth nothing without (section 5.1.3.1), and what our
// buffers have no room for.
uint64_t Sensible(uint64_t features) {
  if ((features & kNetChecksum) == 0) features &= ~kNetHostTso4;
  if ((features & kNetGuestChecksum) == 0 || (features & kNetMergeable) == 0) {
    features &= ~kNetGuestTso4;
  }
  if ((features & kNetControl) == 0) features &= ~kNetMultiqueue;
  return features;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Nic>> NetDevice::Create(
    std::unique_ptr<Transport> transport, std::string name,
    const NicOptions& options) {
  const uint64_t wanted = Sensible(kWanted & transport->ReadFeatures());
  const auto features = Negotiate(*transport, wanted);
  if (!features.ok()) return features.status();
  std::unique_ptr<NetDevice> device(
      new NetDevice(std::move(transport), std::move(name), *features));
  const absl::Status ready = device->SetUp(options);
  if (!ready.ok()) return ready;
  return device;
}

NetDevice::NetDevice(std::unique_ptr<Transport> transport, std::string name,
                     uint64_t features)
    : transport_(std::move(transport)),
      name_(std::move(name)),
      features_(features) {}

NetDevice::~NetDevice() {
  for (uint32_t i = 0; i < transport_->interrupts().count(); ++i) {
    transport_->interrupts().Unbind(i);
  }
  // One that goes on using memory that it was lent is beyond help.
  if (!Reset(*transport_)) {
    Platform::WriteConsole(name_ + " does not reset itself\n");
  }
}

uint16_t NetDevice::ReadConfig16(uint32_t offset) {
  return static_cast<uint16_t>(transport_->ReadConfig(offset) |
                               transport_->ReadConfig(offset + 1) << 8);
}

void NetDevice::ReadFacts() {
  facts_.name = name_;
  if ((features_ & kNetMac) != 0) {
    for (uint32_t i = 0; i < facts_.address.bytes.size(); ++i) {
      facts_.address.bytes[i] = transport_->ReadConfig(kNetConfigMac + i);
    }
  } else {
    // Of our own making, and said to be so; not a group's.
    Platform::FillEntropy(std::as_writable_bytes(
        std::span(facts_.address.bytes)));
    facts_.address.bytes[0] =
        static_cast<uint8_t>((facts_.address.bytes[0] & 0xfc) | 0x02);
  }
  if ((features_ & kNetMtu) != 0) {
    // What does not fit a buffer is received only where frames are merged.
    facts_.mtu = std::clamp<size_t>(ReadConfig16(kNetConfigMtu), kMtuMin,
                                    kMtuUsual);
  }
  facts_.transmit_checksum = (features_ & kNetChecksum) != 0;
  facts_.segmentation_bytes_max =
      (features_ & kNetHostTso4) != 0 ? NetQueue::kFrameBytesMax : 0;
  facts_.buffers_max = NetQueue::kBuffersMax;
}

// How many pairs of what the device has, and of what interrupts.
uint32_t NetDevice::CountPairs(const NicOptions& options) {
  const uint32_t interrupts = transport_->interrupts().count();
  shares_interrupt_ = interrupts == 1;
  if (shares_interrupt_ || (features_ & kNetMultiqueue) == 0) return 1;
  return std::min({uint32_t{ReadConfig16(kNetConfigPairsMax)},
                   options.queues_max, interrupts - 1, kNetPairsMax});
}

absl::Status NetDevice::SetUp(const NicOptions& options) {
  ReadFacts();
  const uint32_t pairs = std::max(CountPairs(options), 1u);
  for (uint32_t pair = 0; pair < pairs; ++pair) {
    auto queue = NetQueue::Create(
        *transport_,
        {.pair = pair,
         .features = features_,
         .receive_buffers =
             std::clamp(options.receive_buffers, NicOptions::kReceiveBuffersMin,
                        NicOptions::kReceiveBuffersMax),
         .interrupt = PairInterrupt(pair)});
    if (!queue.ok()) return queue.status();
    queues_.push_back(*std::move(queue));
    interrupts_.push_back({this, pair});
  }
  facts_.queue_count = static_cast<uint32_t>(queues_.size());
  open_.resize(queues_.size());
  if (queues_.size() > 1) {
    const absl::Status control =
        SetUpControl(ReadConfig16(kNetConfigPairsMax));
    if (!control.ok()) return control;
  }
  if ((features_ & kNetStatus) != 0 &&
      !transport_->SetConfigInterrupt(ConfigInterrupt())) {
    return absl::UnavailableError("the device does not take an interrupt");
  }
  GoLive(*transport_);
  CheckLink();
  return absl::OkStatus();
}

absl::Status NetDevice::SetUpControl(uint32_t pairs_max) {
  control_.number = ReceiveQueueOf(pairs_max);
  auto options = ChooseOptions(*transport_, control_.number,
                               features_ & ~kEventIndex, 64, 0);
  if (!options || options->size < 3) {
    return absl::UnavailableError("the device has no queue for commands");
  }
  // It is polled, so indices would save nothing; but both sides must agree.
  options->event_index = (features_ & kEventIndex) != 0;
  const size_t bytes = Virtqueue::MemoryBytes(*options) + kDmaPageBytes;
  if (bytes > kDmaBytesMax) {
    return absl::UnavailableError("the queue for commands is too long");
  }
  control_.memory = DmaMemory::Allocate(bytes);
  if (control_.memory.empty()) {
    return absl::ResourceExhaustedError("there is no memory for a queue");
  }
  control_.queue.emplace(
      *options, control_.memory.Take(Virtqueue::MemoryBytes(*options),
                                     RingLayout::kAlignment));
  control_.queue->WantInterrupt(Virtqueue::Interrupt::kNever);
  control_.command =
      control_.memory.Take(sizeof(NetPairsCommand), kCacheLineBytes);
  control_.outcome = control_.memory.Take(1, kCacheLineBytes);
  if (!transport_->StartQueue(control_.number, *control_.queue,
                              ConfigInterrupt())) {
    return absl::UnavailableError("the device does not take a queue");
  }
  return absl::OkStatus();
}

absl::StatusOr<NicQueue*> NetDevice::OpenQueue(uint32_t queue,
                                               NicReceiver& receiver) {
  if (queue >= queues_.size()) {
    return absl::OutOfRangeError("the NIC has fewer queues");
  }
  {
    std::scoped_lock guard(lock_);
    if (open_[queue]) return absl::AlreadyExistsError("the queue is open");
    open_[queue] = true;
  }
  NetQueue& opened = *queues_[queue];
  DeviceInterrupts& interrupts = transport_->interrupts();
  absl::Status ready = interrupts.Bind(PairInterrupt(queue), OnPair,
                                       &interrupts_[queue]);
  if (ready.ok() && queue == 0 && !shares_interrupt_) {
    ready = interrupts.Bind(ConfigInterrupt(), OnConfig, this);
  }
  if (!ready.ok()) {
    interrupts.Unbind(PairInterrupt(queue));
    std::scoped_lock guard(lock_);
    open_[queue] = false;
    return ready;
  }
  opened.Open(receiver);
  UsePairs();
  return &opened;
}

bool NetDevice::OnPair(void* interrupt) {
  const auto& [device, pair] = *static_cast<const Interrupt*>(interrupt);
  if (!device->transport_->interrupts().are_messages()) {
    if (!device->transport_->TakeLine()) return false;
    device->CheckLink();
  }
  device->queues_[pair]->OnInterrupt();
  return true;
}

bool NetDevice::OnConfig(void* device) {
  static_cast<NetDevice*>(device)->CheckLink();
  return true;
}

void NetDevice::CheckLink() {
  const bool up =
      (features_ & kNetStatus) == 0 ||
      (ReadConfig16(kNetConfigStatus) & kNetLinkUp) != 0;
  for (const std::unique_ptr<NetQueue>& queue : queues_) {
    if (queue->link_up() == up) continue;
    queue->SetLink(up);
    if (!queue->is_open()) continue;
    SpawnOn(queue->core(),
            [queue = queue.get(), up] { queue->receiver().OnLink(up); });
  }
}

void NetDevice::UsePairs() {
  std::scoped_lock guard(lock_);
  const auto first_closed = std::find(open_.begin(), open_.end(), false);
  const auto pairs = static_cast<uint32_t>(first_closed - open_.begin());
  if (pairs <= pairs_in_use_ || !control_.queue) return;
  if (Command({.pairs = static_cast<uint16_t>(pairs)})) {
    pairs_in_use_ = pairs;
  } else {
    Platform::WriteConsole(name_ + " does not use more pairs of queues\n");
  }
}

bool NetDevice::Command(const NetPairsCommand& command) {
  Virtqueue& queue = *control_.queue;
  // One that it has not done in time it may still write to.
  if (queue.in_flight() != 0 || queue.broken()) return false;
  std::memcpy(control_.command.data, &command, sizeof(command));
  *control_.outcome.data = std::byte{0xff};
  const uint64_t address = control_.command.address;
  const DmaRun readable[] = {{address, 2}, {address + 2, 2}};
  const DmaRun writable[] = {{control_.outcome.address, 1}};
  queue.Add(readable, writable);
  if (queue.Publish()) transport_->Notify(control_.number);
  for (uint32_t i = 0; i < kCommandPollsMax; ++i) {
    if (queue.TakeUsed()) {
      return *control_.outcome.data == std::byte{kCommandDone};
    }
    if (queue.broken()) return false;
    __builtin_ia32_pause();
  }
  return false;
}

}  // namespace ebbrt::platform::virtio
