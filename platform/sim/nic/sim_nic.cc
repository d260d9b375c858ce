#include "platform/sim/nic/sim_nic.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "absl/status/status.h"
#include "core/base/random.h"
#include "core/trace/trace.h"

namespace ebbrt::platform {
namespace {

// A copy in one buffer; a frame that nobody else has a view of is that already.
IOBufChain Taken(IOBufChain frame) {
  if (frame.buffer_count() == 1 && frame.front().writable()) return frame;
  std::unique_ptr<IOBuf> copy = IOBuf::Create(frame.length());
  if (copy == nullptr) return {};
  std::span<std::byte> bytes(copy->Append(frame.length()), frame.length());
  frame.CopyTo(bytes);
  return IOBufChain(std::move(copy));
}

// The NIC of a node, as far as its stack may destroy it.
class LentNic final : public Nic {
 public:
  explicit LentNic(SimNic& nic) : nic_(nic) {}
  const NicFacts& facts() const override { return nic_.facts(); }
  absl::StatusOr<NicQueue*> OpenQueue(uint32_t queue,
                                      NicReceiver& receiver) override {
    return nic_.OpenQueue(queue, receiver);
  }
  uint32_t QueueOf(uint32_t source, uint32_t destination, uint16_t source_port,
                   uint16_t destination_port) const override {
    return nic_.QueueOf(source, destination, source_port, destination_port);
  }

 private:
  SimNic& nic_;
};

}  // namespace

MacAddress SimMacAddressOf(uint32_t node) {
  return {{0x02, 0x00, static_cast<uint8_t>(node >> 24),
           static_cast<uint8_t>(node >> 16), static_cast<uint8_t>(node >> 8),
           static_cast<uint8_t>(node)}};
}

void FrameParcel::Arrive(Time) {
  if (marked) MarkCongestion(frame);
  SimNic& nic = world_.nic(to);
  IOBufChain arrived = std::move(frame);
  world_.Free(this);
  nic.Receive(std::move(arrived));
}

void FrameParcel::Lose(Time, Lost) { world_.Free(this); }

Parcel* FrameParcel::Duplicate() {
  // One of its own, which may be damaged when this one is not.
  std::optional<IOBufChain> view = frame.Clone();
  if (!view.has_value()) return nullptr;
  FrameParcel* twin = world_.NewParcel();
  twin->frame = Taken(*std::move(view));
  twin->from = from;
  twin->to = to;
  twin->damaged = damaged;
  return twin;
}

bool FrameParcel::Corrupt(Random& random) {
  // A second bit may hide the first from a checksum that is a sum, and no stack
  // could tell.
  if (damaged || !FlipBit(frame, random)) return false;
  damaged = true;
  return true;
}

SimNicQueue::SimNicQueue(SimNic& nic, SimCore& core, NicReceiver& receiver)
    : nic_(nic),
      core_(core),
      receiver_(receiver),
      life_(core.node->life()),
      ready_action_(*this) {}

bool SimNicQueue::link_up() const {
  Topology& topology = nic_.world().fabric().topology();
  uint32_t node = nic_.node().number();
  return topology.UpLink(node).up && topology.DownLink(node).up;
}

bool SimNicQueue::Transmit(IOBufChain& frame, const TransmitRequest&) {
  NicWorld& world = nic_.world();
  Link& up = world.fabric().topology().UpLink(nic_.node().number());
  size_t waits = ring_bytes_ + up.QueuedBytes(core_.now);
  if (waits != 0 && waits + frame.length() > up.buffer_bytes) {
    // When half of what waits has gone. What is in the ring goes with the turn.
    Duration half = up.TimeOf(waits) / 2;
    if (!ready_action_.scheduled()) {
      world.simulation().Schedule(ready_action_, core_.now + half);
    }
    return false;
  }
  if (IOBufChain taken = Taken(std::move(frame)); !taken.empty()) {
    ring_bytes_ += taken.length();
    ring_.push_back(std::move(taken));
  }
  return true;
}

void SimNicQueue::Flush() {
  // Leaves when the turn has ended, and with it the time that it takes.
  if (ring_.empty() || std::exchange(leaves_, true)) return;
  nic_.world().simulation().LeaveLater(*this);
}

void SimNicQueue::Leave() {
  leaves_ = false;
  for (IOBufChain& frame : ring_) {
    nic_.world().Send(nic_.node().number(), std::move(frame), core_.now);
  }
  ring_.clear();
  ring_bytes_ = 0;
}

void SimNicQueue::Receive(IOBufChain frame) {
  if (closed_ || received_.size() == kReceivedMax) {
    ++nic_.world().dropped_;
    return;
  }
  received_.push_back(std::move(frame));
  Raise();
}

void SimNicQueue::OnLinkChange() {
  if (closed_) return;
  tells_link_ = true;
  Raise();
}

void SimNicQueue::Ready::Happen(Time) {
  // Not for a core that has gone meanwhile.
  if (queue.core_.life != queue.life_) return;
  queue.tells_ready_ = true;
  queue.Raise();
}

void SimNicQueue::Raise() {
  if (std::exchange(raised_, true)) return;
  nic_.world().simulation().Raise(core_, *this);
}

void SimNicQueue::Serve() {
  raised_ = false;
  if (closed_) return;
  if (std::exchange(tells_link_, false)) receiver_.OnLink(link_up());
  if (std::exchange(tells_ready_, false)) receiver_.OnTransmitReady();
  if (received_.empty()) return;
  IOBufChain frame = std::move(received_.front());
  received_.pop_front();
  TraceBytes(frame.length());
  receiver_.OnFrame(std::move(frame), {});
  if (++burst_ == kBurst || received_.empty()) {
    burst_ = 0;
    receiver_.OnFramesEnd();
  }
  if (!received_.empty()) Raise();
}

// With its core's part of the node goes the life that its receiver was of.
void SimNicQueue::Drop() { Close(); }

void SimNicQueue::Close() {
  closed_ = true;
  raised_ = false;
  received_.clear();
  nic_.world().simulation().Cancel(ready_action_);
}

SimNic::SimNic(NicWorld& world, SimNode& node, size_t mtu)
    : world_(world), node_(node), queues_(node.core_count()) {
  facts_.name = "sim";
  facts_.address = SimMacAddressOf(node.number());
  facts_.mtu = mtu;
  facts_.queue_count = node.core_count();
}

SimNicQueue* SimNic::QueueAt(uint32_t queue) {
  std::unique_ptr<SimNicQueue>& found = queues_[queue];
  if (found != nullptr && (!node_.up() || found->life_ != node_.life())) {
    found->Close();
    found.reset();
  }
  return found.get();
}

absl::StatusOr<NicQueue*> SimNic::OpenQueue(uint32_t queue,
                                            NicReceiver& receiver) {
  if (queue >= queues_.size()) {
    return absl::OutOfRangeError("the NIC has no such queue");
  }
  if (QueueAt(queue) != nullptr) {
    return absl::AlreadyExistsError("the queue is open");
  }
  queues_[queue] = std::make_unique<SimNicQueue>(
      *this, world_.simulation().core(), receiver);
  return queues_[queue].get();
}

uint32_t SimNic::QueueOf(uint32_t source, uint32_t destination,
                         uint16_t source_port,
                         uint16_t destination_port) const {
  uint64_t addresses = uint64_t{source} << 32 | destination;
  uint64_t ports = uint64_t{source_port} << 16 | destination_port;
  return static_cast<uint32_t>(MixBits(MixBits(addresses) + ports) %
                               queues_.size());
}

void SimNic::Receive(IOBufChain frame) {
  uint32_t wanted = 0;
  if (std::optional<FrameTuple> tuple = TupleOf(frame)) {
    wanted = QueueOf(tuple->source, tuple->destination, tuple->source_port,
                     tuple->destination_port);
  }
  // A queue that is not open has its frames in the first.
  SimNicQueue* queue = QueueAt(wanted);
  if (queue == nullptr) queue = QueueAt(0);
  if (queue != nullptr) {
    queue->Receive(std::move(frame));
  } else {
    ++world_.dropped_;
  }
}

void SimNic::Close() {
  for (auto& queue : queues_) {
    if (queue != nullptr) queue->Close();
  }
  queues_.clear();
}

void SimNic::OnLinkChange() {
  for (uint32_t i = 0; i < queues_.size(); ++i) {
    if (SimNicQueue* queue = QueueAt(i)) queue->OnLinkChange();
  }
}

NicWorld::NicWorld(Simulation& simulation, Fabric& fabric, size_t mtu)
    : simulation_(simulation), fabric_(fabric) {
  for (uint32_t i = 0; i < simulation.node_count(); ++i) {
    nics_.push_back(std::make_unique<SimNic>(*this, simulation.node(i), mtu));
  }
  fabric_.SetLinkObserver(this);
  simulation_.SetNicWorld(this);
}

NicWorld::~NicWorld() {
  simulation_.SetNicWorld(nullptr);
  fabric_.SetLinkObserver(nullptr);
  for (auto& nic : nics_) nic->Close();
  for (auto& parcel : all_) simulation_.Cancel(*parcel);
}

NicWorld* NicWorld::Current() {
  return Simulation::current == nullptr ? nullptr
                                        : Simulation::current->nic_world();
}

std::unique_ptr<Nic> NicWorld::LendNic() {
  return std::make_unique<LentNic>(nic(simulation_.core().node->number()));
}

void NicWorld::OnLinkChange(uint32_t node) { nics_[node]->OnLinkChange(); }

FrameParcel* NicWorld::NewParcel() {
  if (free_.empty()) {
    all_.push_back(std::make_unique<FrameParcel>(*this));
    free_.push_back(all_.back().get());
  }
  FrameParcel* parcel = free_.back();
  free_.pop_back();
  parcel->droppable = true;
  parcel->damaged = false;
  return parcel;
}

void NicWorld::Free(FrameParcel* parcel) {
  parcel->frame.Clear();
  free_.push_back(parcel);
}

void NicWorld::SendTo(uint32_t from, uint32_t to, IOBufChain frame, Time time) {
  ++sent_;
  FrameParcel* parcel = NewParcel();
  parcel->from = from;
  parcel->to = to;
  parcel->wire_bytes =
      std::max(frame.length(), kFrameBytesMin) + kFrameOverheadBytes;
  parcel->frame = std::move(frame);
  fabric_.Send(*parcel, from, to, time);
}

void NicWorld::Send(uint32_t from, IOBufChain frame, Time time) {
  std::optional<MacAddress> destination = DestinationOf(frame);
  if (!destination.has_value()) return;
  bool is_group = (destination->bytes[0] & 1) != 0;
  for (uint32_t to = 0; is_group && to < nics_.size(); ++to) {
    if (to == from) continue;
    std::optional<IOBufChain> copy = frame.Clone();
    if (copy.has_value()) SendTo(from, to, Taken(*std::move(copy)), time);
  }
  if (is_group) return;
  const auto& bytes = destination->bytes;
  uint32_t to = uint32_t{bytes[2]} << 24 | uint32_t{bytes[3]} << 16 |
                uint32_t{bytes[4]} << 8 | bytes[5];
  if (to < nics_.size() && to != from && *destination == SimMacAddressOf(to)) {
    SendTo(from, to, std::move(frame), time);
  }
}

}  // namespace ebbrt::platform
