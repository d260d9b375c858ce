#include "platform/baremetal/intel/queue.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "core/base/check.h"
#include "core/event/event_loop.h"
#include "core/trace/event_tag.h"
#include "platform/current.h"

namespace ebbrt::platform::intel {
namespace {

EBBRT_EVENT_TAG(kPollTag, "nic.intel_poll");

constexpr size_t kEthernetBytes = 14;
constexpr size_t kRingAlignment = 128;  // Sections 13.4.25, 13.4.35.
constexpr size_t kFixedBytes =
    Queue::kRingSize * (sizeof(ReceiveDescriptor) + sizeof(TransmitDescriptor) +
                        Queue::kHeaderBytesMax) +
    3 * kRingAlignment;

// Offsets in the header of IPv4.
constexpr size_t kIpLengthAt = 2;
constexpr size_t kIpChecksumAt = 10;
constexpr size_t kIpAddressesAt = 12;
constexpr size_t kIpAddressesBytes = 8;
constexpr uint16_t kTcp = 6;

template <typename T>
std::span<T> TakeRing(DmaMemory& memory) {
  const DmaPlace place =
      memory.Take(Queue::kRingSize * sizeof(T), kRingAlignment);
  return {reinterpret_cast<T*>(place.data), Queue::kRingSize};
}

// Where it is, to the device: of memory that is one run.
template <typename T>
uint64_t AddressOf(std::span<T> ring) {
  DmaRun run[1];
  DmaFinder().Runs(std::as_bytes(ring.first(1)), sizeof(T), run);
  return run[0].address;
}

// Acquire: what the device wrote before it is seen.
template <typename T>
T Load(T& status) {
  return std::atomic_ref(status).load(std::memory_order_acquire);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Queue>> Queue::Create(
    const Registers& registers, const Setup& setup) {
  DmaMemory memory = DmaMemory::Allocate(
      kFixedBytes + setup.receive_buffers * ReceivePool::kBufferBytes);
  if (memory.empty()) {
    return absl::ResourceExhaustedError("there is no memory for a queue");
  }
  return std::unique_ptr<Queue>(
      new Queue(registers, setup, std::move(memory)));
}

Queue::Queue(const Registers& registers, const Setup& setup, DmaMemory memory)
    : registers_(registers),
      setup_(setup),
      memory_(std::move(memory)),
      receive_(TakeRing<ReceiveDescriptor>(memory_)),
      transmit_(TakeRing<TransmitDescriptor>(memory_)),
      headers_(memory_.Take(kRingSize * kHeaderBytesMax, kCacheLineBytes)) {
  StartRing(ReceiveRing(), AddressOf(receive_));
  StartRing(TransmitRing(), AddressOf(transmit_));
}

Queue::~Queue() {
  if (pool_ != nullptr) pool_->Retire();
}

void Queue::StartRing(size_t ring, uint64_t address) {
  registers_.Write(ring + kRingAddressLow, static_cast<uint32_t>(address));
  registers_.Write(ring + kRingAddressHigh,
                   static_cast<uint32_t>(address >> 32));
  registers_.Write(ring + kRingBytes,
                   static_cast<uint32_t>(kRingSize *
                                         sizeof(TransmitDescriptor)));
  registers_.Write(ring + kRingHead, uint32_t{0});
  registers_.Write(ring + kRingTail, uint32_t{0});
}

void Queue::Open(NicReceiver& receiver) {
  // The rings stay where they are: the memory goes with the pool.
  core_ = Platform::CurrentCore();
  pool_ = ReceivePool::Create(std::move(memory_), setup_.receive_buffers);
  receiver_ = &receiver;
  poll_.emplace(static_cast<PolledDevice&>(*this), kPollTag);
  counters_.emplace();
  Refill();
  open_.store(true, std::memory_order_release);
  UnmaskInterrupt();
}

void Queue::SetLink(bool up) {
  // Relaxed: see link_up.
  const bool was_up = link_up_.exchange(up, std::memory_order_relaxed);
  if (was_up == up || !is_open()) return;
  if (Platform::OnCore() && Platform::CurrentCore() == core_) {
    receiver_->OnLink(up);
  } else {
    SpawnOn(core_, [this, up] { receiver_->OnLink(up); });
  }
}

void Queue::MaskInterrupt() { registers_.Write(kMaskClear, setup_.causes); }
void Queue::UnmaskInterrupt() { registers_.Write(kMaskSet, setup_.causes); }

bool Queue::Poll() {
  bool any = Reclaim();
  any |= Receive();
  if (ready_wanted_ && FreeDescriptors() >= kRingSize / 2) {
    ready_wanted_ = false;
    receiver_->OnTransmitReady();
  }
  return any;
}

bool Queue::Receive() {
  uint32_t count = 0;
  for (; count < kPollFramesMax && receive_next_ != receive_tail_; ++count) {
    const uint32_t place = receive_next_ % kRingSize;
    const auto filled = ReadFilled(receive_[place]);
    if (!filled) break;
    ++receive_next_;
    ReceiveFrame(posted_[place], *filled);
  }
  if (count == 0) return false;
  Refill();
  receiver_->OnFramesEnd();
  return true;
}

// Reads each word once, as the device could change it behind the checks.
std::optional<Queue::Filled> Queue::ReadFilled(
    ReceiveDescriptor& descriptor) const {
  const ReceiveFormat& format = setup_.format;
  const uint32_t status = Load(descriptor.words[format.status_word]);
  if ((status & kReceiveDone) == 0) return std::nullopt;
  return Filled{.bytes = Load(descriptor.words[format.length_word]) & 0xffff,
                .status = static_cast<uint8_t>(status),
                .errors = static_cast<uint8_t>(status >> format.errors_shift)};
}

void Queue::ReceiveFrame(uint32_t number, const Filled& done) {
  // No frame is longer than a buffer; the device would have to be wrong.
  const bool is_end = (done.status & kReceiveEndOfFrame) != 0;
  const bool is_rest = std::exchange(receive_dropping_, !is_end);
  const bool is_whole = is_end && !is_rest;
  const bool is_bad = (done.errors & ~kReceiveChecksumErrors) != 0 ||
                      done.bytes < kEthernetBytes ||
                      done.bytes > ReceivePool::kBufferBytes;
  if (!is_whole || is_bad) {
    pool_->GiveBack(number);
    counters_->dropped.Add();
    return;
  }
  IOBufChain frame(pool_->Receive(number, 0, done.bytes));
  if (frame.empty()) {
    counters_->dropped.Add();
    return;
  }
  counters_->received.Add();
  constexpr uint8_t kBoth = kReceiveTransportChecked | kReceiveIpChecked;
  receiver_->OnFrame(
      std::move(frame),
      {.checksum_good = (done.status & kReceiveNoChecksum) == 0 &&
                        (done.status & kBoth) == kBoth &&
                        (done.errors & kReceiveChecksumErrors) == 0});
}

void Queue::Refill() {
  const uint32_t before = receive_tail_;
  while (receive_tail_ - receive_next_ < kRingSize - 1) {
    const auto number = pool_->Take();
    if (!number) break;
    const uint32_t place = receive_tail_++ % kRingSize;
    posted_[place] = *number;
    receive_[place] = {.address = pool_->buffer(*number).address,
                       .words = {}};
  }
  if (receive_tail_ != before) {
    registers_.Write(ReceiveRing() + kRingTail, receive_tail_ % kRingSize);
  }
}

bool Queue::Reclaim() {
  bool any = false;
  while (transmit_done_ != transmit_shown_) {
    const uint32_t last = last_[transmit_done_ % kRingSize];
    TransmitDescriptor& descriptor = transmit_[last % kRingSize];
    if ((Load(descriptor.data.status) & kTransmitDone) == 0) break;
    frames_[last % kRingSize].Clear();
    transmit_done_ = last + 1;
    any = true;
  }
  return any;
}

void Queue::AddContext(const IOBufChain& frame,
                       const TransmitRequest& request) {
  TransmitDescriptor::Context context = {};
  context.checksum_begin = static_cast<uint8_t>(request.checksum_begin);
  context.checksum_at = static_cast<uint8_t>(request.checksum_at);
  context.payload_bytes_and_command = kTransmitIsContext;
  if (request.segment_bytes != 0) {
    context.ip_begin = kEthernetBytes;
    context.ip_checksum_at = kEthernetBytes + kIpChecksumAt;
    context.ip_last = static_cast<uint16_t>(request.checksum_begin - 1);
    context.payload_bytes_and_command |=
        static_cast<uint32_t>(frame.length() - request.header_bytes) |
        kContextTcp | kContextIp4 | kContextSegment;
    context.header_bytes = static_cast<uint8_t>(request.header_bytes);
    context.segment_bytes = request.segment_bytes;
    context_at_ = 0;
  } else {
    context_begin_ = request.checksum_begin;
    context_at_ = request.checksum_at;
  }
  NextTransmit().context = context;
}

DmaRun Queue::CopyHeaders(const IOBuf& first, const TransmitRequest& request) {
  const size_t offset = transmit_tail_ % kRingSize * kHeaderBytesMax;
  std::byte* const headers = headers_.data + offset;
  std::memcpy(headers, first.data(), request.header_bytes);
  std::byte* const ip = headers + kEthernetBytes;
  // Section 3.5.3: the device fills in the length and IP's sum of each segment,
  // and adds the length to TCP's.
  std::memset(ip + kIpLengthAt, 0, sizeof(uint16_t));
  std::memset(ip + kIpChecksumAt, 0, sizeof(uint16_t));
  uint32_t sum = kTcp;
  for (size_t i = 0; i < kIpAddressesBytes; i += 2) {
    sum += std::to_integer<uint32_t>(ip[kIpAddressesAt + i]) << 8 |
           std::to_integer<uint32_t>(ip[kIpAddressesAt + i + 1]);
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  headers[request.checksum_at] = std::byte(sum >> 8);
  headers[request.checksum_at + 1] = std::byte(sum & 0xff);
  return {headers_.address + offset, request.header_bytes};
}

bool Queue::Transmit(IOBufChain& frame, const TransmitRequest& request) {
  const bool is_cut = request.segment_bytes != 0;
  const size_t header_bytes = is_cut ? request.header_bytes : 0;
  EBBRT_DCHECK(frame.buffer_count() <= kBuffersMax &&
               frame.length() <= kFrameBytesMax);
  EBBRT_CHECK(header_bytes <= std::min(kHeaderBytesMax, size_t{255}) &&
              header_bytes <= frame.front().length());
  if (FreeDescriptors() < kDescriptorsMax) Reclaim();
  if (FreeDescriptors() < kDescriptorsMax) {
    ready_wanted_ = true;
    Flush();
    return false;
  }
  const uint32_t first = transmit_tail_;
  uint32_t command = kTransmitIsData | kTransmitAddCheck;
  uint8_t options = 0;
  if (request.checksum_at != 0) {
    if (is_cut || setup_.shares_context ||
        request.checksum_at != context_at_ ||
        request.checksum_begin != context_begin_) {
      AddContext(frame, request);
    }
    options = kTransmitTransportChecksum;
  }
  if (is_cut) {
    command |= kTransmitSegment;
    options |= kTransmitIpChecksum;
  }
  auto add = [&](const DmaRun& run) {
    NextTransmit().data = {.address = run.address,
                           .bytes_and_command = run.bytes | command,
                           .status = 0,
                           .options = options,
                           .vlan = 0};
  };
  if (is_cut) add(CopyHeaders(frame.front(), request));
  size_t skipped = header_bytes;
  for (const IOBuf& buffer : frame) {
    DmaRun runs[kFrameBytesMax / kDmaPageBytes + 3];
    const size_t count =
        finder_.Runs(buffer.bytes().subspan(skipped), kDmaPageBytes, runs);
    skipped = 0;
    for (const DmaRun& run : std::span(runs).first(count)) add(run);
  }
  const uint32_t last = transmit_tail_ - 1;
  transmit_[last % kRingSize].data.bytes_and_command |=
      kTransmitEndOfFrame | kTransmitReport;
  last_[first % kRingSize] = last;
  frames_[last % kRingSize] = std::move(frame);
  counters_->transmitted.Add();
  return true;
}

void Queue::Flush() {
  if (transmit_shown_ == transmit_tail_) return;
  transmit_shown_ = transmit_tail_;
  registers_.Write(TransmitRing() + kRingTail, transmit_tail_ % kRingSize);
}

}  // namespace ebbrt::platform::intel
