#include "core/net/link/cable.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/base/random.h"
#include "core/base/spin_lock.h"
#include "core/event/event_loop.h"
#include "core/net/link/complete_frames.h"
#include "core/net/wire/big_endian.h"
#include "core/net/wire/ethernet.h"
#include "core/net/wire/ipv4.h"
#include "platform/current.h"

namespace ebbrt {
namespace {

using Frames = std::vector<std::unique_ptr<IOBuf>>;

// As Nic::QueueOf; what is no flow hashes to its addresses.
uint64_t HashOfFlow(uint32_t source, uint32_t destination,
                    uint16_t source_port, uint16_t destination_port) {
  return MixBits(MixBits(uint64_t{source} << 32 | destination) +
                 (uint32_t{source_port} << 16 | destination_port));
}

uint64_t HashOfFrame(std::span<const std::byte> frame) {
  Parsed<EthernetHeader> ethernet = ParseEthernet(frame);
  if (!ethernet || ethernet->type != kEtherTypeIpv4) return 0;
  std::span<const std::byte> packet = frame.subspan(kEthernetHeaderBytes);
  Parsed<Ipv4Header> ip = ParseIpv4(packet, packet.size());
  if (!ip) return 0;
  uint16_t ports[2] = {};
  const bool has_ports =
      !ip->is_fragment() && ip->payload_bytes() >= 4 &&
      (ip->protocol == kProtocolTcp || ip->protocol == kProtocolUdp);
  if (has_ports) {
    ports[0] = LoadBig<uint16_t>(packet.data() + ip->header_bytes);
    ports[1] = LoadBig<uint16_t>(packet.data() + ip->header_bytes + 2);
  }
  return HashOfFlow(ip->source.value(), ip->destination.value(), ports[0],
                    ports[1]);
}

}  // namespace

// The ports, which stay; a port that is gone has no queues.
class Cable::State {
 public:
  // Relaxed, as nothing follows from it: a frame may be lost or not.
  std::atomic<bool> up{true};
  SpinLock lock;  // Guards the list and each port's queues.
  std::vector<Port*> ports;

  // Those that are to get a frame.
  void Send(const Port* from, std::unique_ptr<IOBuf> frame);
};

class Cable::Queue final : public NicQueue {
 public:
  Queue(std::shared_ptr<State> state, Port& port, NicReceiver& receiver)
      : state_(std::move(state)),
        port_(port),
        receiver_(&receiver),
        core_(Platform::CurrentCore()) {
    arrival_.emplace([this] { Deliver(); });
  }

  bool Transmit(IOBufChain& frame, const TransmitRequest& request) override;
  void Flush() override;
  bool link_up() const override {
    return state_->up.load(std::memory_order_relaxed);
  }
  void Close() override;
  void OnLink(bool up) {
    if (receiver_ != nullptr) receiver_->OnLink(up);
  }

  CoreId core() const { return core_; }
  void Arrive(std::unique_ptr<IOBuf> frame);

 private:
  void Deliver();

  const std::shared_ptr<State> state_;
  Port& port_;
  NicReceiver* receiver_;
  const CoreId core_;
  std::optional<Timer> arrival_;
  std::deque<std::pair<Time, std::unique_ptr<IOBuf>>> arriving_;
  Frames taken_;
  bool refused_ = false;
};

class Cable::Port final : public Nic {
 public:
  Port(std::shared_ptr<State> state, const CableOptions& options)
      : options_(options),
        state_(std::move(state)),
        queues_(options.queue_count) {
    facts_.name = "cable";
    facts_.address = options.address;
    facts_.mtu = options.mtu;
    facts_.queue_count = options.queue_count;
    facts_.transmit_checksum = options.transmit_checksum;
    facts_.segmentation_bytes_max = options.segmentation_bytes_max;
    std::scoped_lock guard(state_->lock);
    state_->ports.push_back(this);
  }
  ~Port() override {
    std::scoped_lock guard(state_->lock);
    std::erase(state_->ports, this);
  }

  const NicFacts& facts() const override { return facts_; }
  const CableOptions& options() const { return options_; }

  absl::StatusOr<NicQueue*> OpenQueue(uint32_t queue,
                                      NicReceiver& receiver) override {
    if (queue >= queues_.size()) return absl::OutOfRangeError("no such queue");
    std::scoped_lock guard(state_->lock);
    if (queues_[queue] != nullptr) {
      return absl::AlreadyExistsError("the queue is open");
    }
    queues_[queue] = std::make_shared<Queue>(state_, *this, receiver);
    // Relaxed: whoever steers by it copes with a frame that came elsewhere.
    open_count_.fetch_add(1, std::memory_order_relaxed);
    return queues_[queue].get();
  }

  uint32_t QueueOf(uint32_t source, uint32_t destination, uint16_t source_port,
                   uint16_t destination_port) const override {
    if (!options_.tells_queues) return kQueueUnknown;
    return static_cast<uint32_t>(
        HashOfFlow(source, destination, source_port, destination_port) %
        open_count_.load(std::memory_order_relaxed));
  }

  // The state's lock is held.
  void AddQueuesTo(std::vector<std::shared_ptr<Queue>>& all) const {
    for (const auto& queue : queues_) {
      if (queue != nullptr) all.push_back(queue);
    }
  }

  // Null while it is not open. The state's lock is held.
  std::shared_ptr<Queue> QueueFor(std::span<const std::byte> frame) const {
    const uint32_t open = open_count_.load(std::memory_order_relaxed);
    return open == 0 ? nullptr : queues_[HashOfFrame(frame) % open];
  }

 private:
  const CableOptions options_;
  NicFacts facts_;
  const std::shared_ptr<State> state_;
  std::vector<std::shared_ptr<Queue>> queues_;
  // The first so many are open; flows are spread over these.
  std::atomic<uint32_t> open_count_{0};
};

void Cable::State::Send(const Port* from, std::unique_ptr<IOBuf> frame) {
  Parsed<EthernetHeader> header = ParseEthernet(frame->bytes());
  if (!header || !up.load(std::memory_order_relaxed)) return;
  std::vector<std::shared_ptr<Queue>> receivers;
  {
    std::scoped_lock guard(lock);
    for (Port* port : ports) {
      const bool gets_it = port->options().promiscuous ||
                           IsGroup(header->destination) ||
                           port->options().address == header->destination;
      if (port == from || !gets_it) continue;
      auto queue = port->QueueFor(frame->bytes());
      if (queue != nullptr) receivers.push_back(std::move(queue));
    }
  }
  for (std::shared_ptr<Queue>& receiver : receivers) {
    const CoreId core = receiver->core();
    SpawnOn(core, [receiver = std::move(receiver),
                   copy = IOBuf::CopyOf(frame->bytes())]() mutable {
      receiver->Arrive(std::move(copy));
    });
  }
}

bool Cable::Queue::Transmit(IOBufChain& frame, const TransmitRequest& request) {
  const NicFacts& facts = port_.facts();
  EBBRT_CHECK(frame.buffer_count() <= facts.buffers_max);
  EBBRT_CHECK(frame.front().length() >= std::min<size_t>(64, frame.length()));
  EBBRT_CHECK(request.checksum_at == 0 || facts.transmit_checksum);
  const size_t bytes_max =
      request.segment_bytes == 0 ? facts.mtu : facts.segmentation_bytes_max;
  EBBRT_CHECK(frame.length() <= bytes_max + kEthernetHeaderBytes);
  if (taken_.size() >= port_.options().frames_max) {
    refused_ = true;
    return false;
  }
  CompleteFrames(frame, request, [this](std::unique_ptr<IOBuf> complete) {
    taken_.push_back(std::move(complete));
  });
  frame.Clear();
  return true;
}

void Cable::Queue::Flush() {
  for (auto& frame : std::exchange(taken_, {})) {
    state_->Send(&port_, std::move(frame));
  }
  if (std::exchange(refused_, false)) {
    Spawn([this] {
      if (receiver_ != nullptr) receiver_->OnTransmitReady();
    });
  }
}

void Cable::Queue::Close() {
  receiver_ = nullptr;
  arrival_.reset();
  arriving_.clear();
}

void Cable::Queue::Arrive(std::unique_ptr<IOBuf> frame) {
  if (receiver_ == nullptr || frame == nullptr) return;
  if (arriving_.size() >= port_.options().frames_max) return;
  const Time due = Platform::Now() + port_.options().delay;
  arriving_.emplace_back(due, std::move(frame));
  if (!arrival_->armed()) arrival_->Set(due);
}

void Cable::Queue::Deliver() {
  const Time now = Platform::Now();
  while (!arriving_.empty() && arriving_.front().first <= now) {
    IOBufChain frame(std::move(arriving_.front().second));
    arriving_.pop_front();
    receiver_->OnFrame(std::move(frame), {});
  }
  receiver_->OnFramesEnd();
  if (!arriving_.empty() && !arrival_->armed()) {
    arrival_->Set(arriving_.front().first);
  }
}

Cable::Cable() : state_(std::make_shared<State>()) {}
Cable::~Cable() = default;

void Cable::SetUp(bool up) {
  if (state_->up.exchange(up, std::memory_order_relaxed) == up) return;
  std::vector<std::shared_ptr<Queue>> queues;
  {
    std::scoped_lock guard(state_->lock);
    for (Port* port : state_->ports) port->AddQueuesTo(queues);
  }
  for (std::shared_ptr<Queue>& queue : queues) {
    const CoreId core = queue->core();
    SpawnOn(core, [queue = std::move(queue), up] { queue->OnLink(up); });
  }
}

std::unique_ptr<Nic> Cable::Attach(const CableOptions& options) {
  return std::make_unique<Port>(state_, options);
}

}  // namespace ebbrt
