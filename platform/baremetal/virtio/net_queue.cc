#include "platform/baremetal/virtio/net_queue.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "core/base/check.h"
#include "core/event/event_loop.h"
#include "core/trace/event_tag.h"
#include "platform/current.h"

namespace ebbrt::platform::virtio {
namespace {

EBBRT_EVENT_TAG(kPollTag, "nic.virtio_poll");

constexpr size_t kHeaderStride = 16;
constexpr size_t kEthernetBytes = 14;

size_t HeaderBytes(const Transport& transport, uint64_t features) {
  return transport.is_legacy() && (features & kNetMergeable) == 0
             ? kShortHeaderBytes
             : sizeof(NetHeader);
}

// What a pair has beside the receive buffers.
size_t RingBytes(const Virtqueue::Options& receive,
                 const Virtqueue::Options& transmit) {
  return Virtqueue::MemoryBytes(receive) + RingLayout::kAlignment +
         Virtqueue::MemoryBytes(transmit) + kCacheLineBytes +
         transmit.size * kHeaderStride + kCacheLineBytes;
}

DmaPlace TakeRings(DmaMemory& memory, const Virtqueue::Options& options) {
  return memory.Take(Virtqueue::MemoryBytes(options), RingLayout::kAlignment);
}

}  // namespace

absl::StatusOr<std::unique_ptr<NetQueue>> NetQueue::Create(
    Transport& transport, const Setup& setup) {
  const auto receive =
      ChooseOptions(transport, ReceiveQueueOf(setup.pair), setup.features,
                    kQueueFramesMax, 0);
  const auto transmit =
      ChooseOptions(transport, TransmitQueueOf(setup.pair), setup.features,
                    kQueueFramesMax, kRunsMax);
  const size_t buffer_bytes =
      setup.receive_buffers * ReceivePool::kBufferBytes;
  if (!receive || !transmit ||
      RingBytes(*receive, *transmit) + buffer_bytes > kDmaBytesMax ||
      // A frame of many buffers has to fit.
      (transmit->indirect_max == 0 && transmit->size < kRunsMax)) {
    return absl::UnavailableError("the device has no usable pair of queues");
  }
  DmaMemory memory =
      DmaMemory::Allocate(RingBytes(*receive, *transmit) + buffer_bytes);
  if (memory.empty()) {
    return absl::ResourceExhaustedError("there is no memory for a queue");
  }
  std::unique_ptr<NetQueue> queue(new NetQueue(
      transport, setup, std::move(memory), *receive, *transmit));
  if (!transport.StartQueue(ReceiveQueueOf(setup.pair), queue->receive_,
                            setup.interrupt) ||
      !transport.StartQueue(TransmitQueueOf(setup.pair), queue->transmit_,
                            setup.interrupt)) {
    return absl::UnavailableError("the device does not take a queue");
  }
  queue->MaskInterrupt();
  return queue;
}

NetQueue::NetQueue(Transport& transport, const Setup& setup, DmaMemory memory,
                   const Virtqueue::Options& receive,
                   const Virtqueue::Options& transmit)
    : transport_(transport),
      pair_(setup.pair),
      header_bytes_(HeaderBytes(transport, setup.features)),
      mergeable_((setup.features & kNetMergeable) != 0),
      receive_buffers_(setup.receive_buffers),
      memory_(std::move(memory)),
      receive_(receive, TakeRings(memory_, receive)),
      transmit_(transmit, TakeRings(memory_, transmit)),
      headers_(memory_.Take(transmit.size * kHeaderStride, kCacheLineBytes)),
      posted_(std::make_unique<uint32_t[]>(receive.size)),
      frames_(std::make_unique<IOBufChain[]>(transmit.size)) {}

NetQueue::~NetQueue() {
  if (pool_ != nullptr) pool_->Retire();
}

void NetQueue::Open(NicReceiver& receiver) {
  core_ = Platform::CurrentCore();
  // The rings stay where they are: the memory goes with the pool.
  pool_ = ReceivePool::Create(std::move(memory_), receive_buffers_);
  receiver_ = &receiver;
  poll_.emplace(static_cast<PolledDevice&>(*this), kPollTag);
  counters_.emplace();
  // Before there is a buffer that could be used.
  UnmaskInterrupt();
  Refill();
  open_.store(true, std::memory_order_release);
}

bool NetQueue::Transmit(IOBufChain& frame, const TransmitRequest& request) {
  EBBRT_DCHECK(frame.buffer_count() <= kBuffersMax &&
               frame.length() <= kFrameBytesMax);
  DmaRun runs[kRunsMax];
  size_t count = 1;
  for (const IOBuf& buffer : frame) {
    count += finder_.Runs(buffer.bytes(), kDmaBytesMax,
                          std::span(runs).subspan(count));
  }
  if (!transmit_.HasRoom(count)) Reclaim();
  if (!transmit_.HasRoom(count)) {
    ready_wanted_ = true;
    // So that the device gets on with what it has, and tells.
    Flush();
    return false;
  }
  NetHeader header = {};
  if (request.checksum_at != 0) {
    header.flags = kNeedsChecksum;
    header.checksum_begin = request.checksum_begin;
    header.checksum_offset =
        static_cast<uint16_t>(request.checksum_at - request.checksum_begin);
  }
  if (request.segment_bytes != 0) {
    header.segmentation = kSegmentTcp4;
    header.header_bytes = request.header_bytes;
    header.segment_bytes = request.segment_bytes;
  }
  const size_t offset = transmit_.next_head() * kHeaderStride;
  std::memcpy(headers_.data + offset, &header, sizeof(header));
  runs[0] = {headers_.address + offset, static_cast<uint32_t>(header_bytes_)};
  const uint16_t head = transmit_.Add(std::span(runs).first(count), {});
  frames_[head] = std::move(frame);
  counters_->transmitted.Add();
  return true;
}

void NetQueue::Flush() {
  // While it is polled nobody needs to be told of what has been sent.
  if (!poll_->polling()) transmit_.WantInterrupt(Virtqueue::Interrupt::kAll);
  if (transmit_.Publish()) transport_.Notify(TransmitQueueOf(pair_));
}

bool NetQueue::Reclaim() {
  bool any = false;
  while (const auto used = transmit_.TakeUsed()) {
    frames_[used->head].Clear();
    any = true;
  }
  return any;
}

bool NetQueue::Poll() {
  bool any = Reclaim();
  any |= Receive();
  if (ready_wanted_ && transmit_.in_flight() <= transmit_.size() / 2) {
    ready_wanted_ = false;
    receiver_->OnTransmitReady();
  }
  if (receive_.broken() || transmit_.broken()) NoteBroken();
  return any;
}

void NetQueue::NoteBroken() {
  if (std::exchange(broken_, true)) return;
  counters_->broken.Add();
  Platform::WriteConsole(
      "virtio-net: the device has used what it does not have, and is not "
      "listened to again\n");
}

void NetQueue::MaskInterrupt() {
  receive_.WantInterrupt(Virtqueue::Interrupt::kNever);
  transmit_.WantInterrupt(Virtqueue::Interrupt::kNever);
}

void NetQueue::UnmaskInterrupt() {
  receive_.WantInterrupt(Virtqueue::Interrupt::kNext);
  transmit_.WantInterrupt(Virtqueue::Interrupt::kAll);
}

bool NetQueue::Receive() {
  uint32_t count = 0;
  while (count < kPollFramesMax) {
    const auto used = receive_.TakeUsed();
    if (!used) break;
    ++count;
    ReceiveFrame(*used);
  }
  if (count == 0) return false;
  Refill();
  receiver_->OnFramesEnd();
  return true;
}

void NetQueue::Drop(uint32_t number) {
  pool_->GiveBack(number);
  counters_->dropped.Add();
}

void NetQueue::ReceiveFrame(const Virtqueue::Used& used) {
  const uint32_t number = TakePosted(used.head);
  if (used.bytes < header_bytes_ + kEthernetBytes) {
    Drop(number);
    return;
  }
  NetHeader header = {};
  std::memcpy(&header, pool_->buffer(number).data, header_bytes_);
  const size_t parts = mergeable_ ? header.buffers : 1;
  if (parts == 0 || parts > kPartsMax) {
    Drop(number);
    return;
  }
  IOBufChain frame(
      pool_->Receive(number, header_bytes_, used.bytes - header_bytes_));
  bool complete = !frame.empty();
  for (size_t i = 1; i < parts; ++i) {
    // The device shows all parts of a frame at once.
    const auto more = receive_.TakeUsed();
    if (!more) {
      complete = false;
      break;
    }
    std::unique_ptr<IOBuf> part =
        pool_->Receive(TakePosted(more->head), 0, more->bytes);
    complete = complete && part != nullptr;
    frame.PushBack(std::move(part));
  }
  if (!complete) {
    counters_->dropped.Add();
    return;
  }
  counters_->received.Add();
  receiver_->OnFrame(
      std::move(frame),
      {.checksum_good =
           (header.flags & (kNeedsChecksum | kChecksumGood)) != 0});
}

void NetQueue::Refill() {
  const size_t run_count = mergeable_ ? 1 : 2;
  while (receive_.HasRoom(run_count)) {
    const auto number = pool_->Take();
    if (!number) break;
    const uint64_t address = pool_->buffer(*number).address;
    // Legacy devices may want the header apart, and where frames are not
    // merged it costs little.
    const DmaRun runs[] = {
        {address, mergeable_ ? static_cast<uint32_t>(ReceivePool::kBufferBytes)
                             : static_cast<uint32_t>(header_bytes_)},
        {address + header_bytes_,
         static_cast<uint32_t>(ReceivePool::kBufferBytes - header_bytes_)}};
    posted_[receive_.Add({}, std::span(runs).first(run_count))] =
        *number;
  }
  if (receive_.Publish()) transport_.Notify(ReceiveQueueOf(pair_));
}

}  // namespace ebbrt::platform::virtio
