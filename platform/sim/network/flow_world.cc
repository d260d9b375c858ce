#include "platform/sim/network/flow_world.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "core/base/check.h"
#include "core/ebb/ebb.h"
#include "core/net/network.h"
#include "platform/sim/fetch_ahead.h"
#include "platform/sim/network/flow_connection.h"
#include "platform/sim/network/flow_network.h"

namespace ebbrt::platform {

using Kind = FlowMessage::Kind;

FlowWorld::FlowWorld(Simulation& simulation, Fabric& fabric,
                     const FlowOptions& options)
    : simulation_(simulation), fabric_(fabric), options_(options) {
  EBBRT_CHECK(options.window_bytes >= 2);
  simulation_.SetFlowWorld(this);
}

FlowWorld::~FlowWorld() {
  simulation_.SetFlowWorld(nullptr);
  for (auto& message : all_) simulation_.Cancel(*message);
}

FlowWorld* FlowWorld::Current() {
  return Simulation::current == nullptr ? nullptr
                                        : Simulation::current->flow_world();
}

void FlowWorld::Install() {
  SimNode& node = *simulation_.core().node;
  uint64_t seed;
  node.FillEntropy(std::as_writable_bytes(std::span(&seed, 1)));
  auto part = std::make_shared<FlowNode>(seed);
  nodes_.resize(simulation_.node_count());
  nodes_[node.number()] = {part, node.life()};
  CreatePerCoreEbb<Network>(kNetworkId, [this, part] {
    return std::make_unique<FlowNetwork>(*this, part);
  });
}

FlowNode* FlowWorld::node(uint32_t number) {
  if (number >= nodes_.size()) return nullptr;
  SimNode& node = simulation_.node(number);
  const Entry& entry = nodes_[number];
  if (!node.up() || node.life() != entry.life) return nullptr;
  return entry.node.lock().get();
}

uint32_t FlowWorld::AddConnection(FlowConnection& connection) {
  if (free_places_.empty()) {
    free_places_.push_back(static_cast<uint32_t>(connections_.size()));
    connections_.push_back(nullptr);
  }
  uint32_t place = free_places_.back();
  free_places_.pop_back();
  connections_[place] = &connection;
  return place;
}

void FlowWorld::RemoveConnection(uint32_t place) {
  connections_[place] = nullptr;
  free_places_.push_back(place);
}

FlowConnection* FlowWorld::FindConnection(const FlowAddress& address) const {
  FlowConnection* connection = connections_[address.place];
  // It may be a later one in the same place.
  bool is_it = connection != nullptr && connection->key() == address.key;
  return is_it ? connection : nullptr;
}

void FlowWorld::FetchConnection(const FlowAddress& address, int step) const {
  if (step == 1) {
    FetchLines(&connections_[address.place], 1);
    return;
  }
  const FlowConnection* connection = connections_[address.place];
  if (connection != nullptr && step > 1) connection->Fetch(step);
}

FlowMessage* FlowWorld::NewMessage(Kind kind) {
  if (free_.empty()) {
    all_.push_back(std::make_unique<FlowMessage>(*this));
    free_.push_back(all_.back().get());
  }
  FlowMessage* message = free_.back();
  free_.pop_back();
  message->kind = kind;
  message->droppable = kind == Kind::kDatagram;
  message->sequence = 0;
  message->count = 1;
  message->tries_ = 0;
  message->retries_ = false;
  return message;
}

void FlowWorld::Free(FlowMessage* message) {
  message->data.Clear();
  free_.push_back(message);
}

void FlowWorld::Send(FlowMessage& message, Time time) {
  ++messages_;
  message.SetWireBytes();
  fabric_.Send(message, message.from.node, message.to.node, time);
}

void FlowWorld::NoticeLater(const FlowAddress& gone, const FlowAddress& peer) {
  if (simulation_.ended()) return;
  FlowMessage* notice = NewMessage(Kind::kTimedOut);
  notice->from = gone;
  notice->to = peer;
  fabric_.Deliver(*notice, simulation_.now() + options_.keep_alive);
}

void FlowWorld::Refuse(const FlowMessage& message, Time now) {
  if (message.kind == Kind::kReset || message.kind == Kind::kDatagram) return;
  FlowMessage* reset = NewMessage(Kind::kReset);
  reset->from = message.to;
  reset->to = message.from;
  Send(*reset, now);
}

bool FlowWorld::FindListener(FlowMessage& message) {
  FlowNode* part = node(message.to.node);
  if (part == nullptr) return false;
  auto& ports =
      message.kind == Kind::kConnect ? part->tcp_ports : part->udp_ports;
  std::optional<ebbrt::PortTable::Found> found =
      ports.Find(message.destination, part->random);
  if (!found.has_value()) return false;
  SimNode& node = simulation_.node(message.to.node);
  message.to.life = node.life();
  message.to.core = &node.cores()[found->owner.core.index()];
  message.to.key = found->owner.key;
  message.listening = found->bound;
  return true;
}

void FlowWorld::GiveUp(FlowMessage& message) {
  if (message.from.core->life != message.from.life) {
    Free(&message);
    return;
  }
  message.kind = Kind::kTimedOut;
  message.data.Clear();
  std::swap(message.from, message.to);
  simulation_.Raise(*message.to.core, message);
}

void FlowMessage::Arrive(Time now) {
  if (std::exchange(retries_, false)) {
    if (from.core->life == from.life) {
      world_.fabric().Send(*this, from.node, to.node, now);
    } else {
      world_.Free(this);
    }
    return;
  }
  Simulation& simulation = world_.simulation();
  if (kind == Kind::kTimedOut) {
    if (to.core->life == to.life) {
      simulation.Raise(*to.core, *this);
    } else {
      world_.Free(this);
    }
    return;
  }
  bool to_listener = kind == Kind::kConnect || kind == Kind::kDatagram;
  if (to_listener ? !simulation.node(to.node).up() : to.core->life == 0) {
    Lose(now, Lost::kLinkDown);
    return;
  }
  if (to_listener ? !world_.FindListener(*this) : to.core->life != to.life) {
    world_.Refuse(*this, now);
    world_.Free(this);
    return;
  }
  if (kind == Kind::kData && world_.options().reads_at_once) {
    FlowConnection* connection = world_.FindConnection(to);
    if (connection != nullptr && connection->AddToWaiting(*this)) {
      world_.Free(this);
      return;
    }
  }
  simulation.Raise(*to.core, *this);
}

void FlowMessage::Lose(Time now, Lost) {
  // It is not sent again; the end that it was for finds out by itself.
  if (kind == Kind::kReset && to.core->life == to.life) {
    world_.NoticeLater(from, to);
  }
  if (kind == Kind::kDatagram || kind == Kind::kReset) {
    world_.Free(this);
    return;
  }
  if (from.core->life != from.life) {
    // Nobody is there to send it again.
    world_.Free(this);
    return;
  }
  if (tries_ == kTriesMax) {
    world_.GiveUp(*this);
    return;
  }
  Duration wait = std::min(kRetryFirst * (int64_t{1} << tries_), kRetryLast);
  ++tries_;
  retries_ = true;
  world_.fabric().Deliver(*this, now + wait);
}

Parcel* FlowMessage::Duplicate() {
  // A stream's receiver knows a duplicate when it sees it.
  if (kind != Kind::kDatagram) return nullptr;
  std::optional<IOBufChain> copy = data.Clone();
  if (!copy.has_value()) return nullptr;
  FlowMessage* twin = world_.NewMessage(kind);
  twin->from = from;
  twin->to = to;
  twin->source = source;
  twin->destination = destination;
  twin->data = *std::move(copy);
  return twin;
}

void FlowMessage::FetchArrive(int step) const {
  if (step == 0) {
    FetchLines(to.core, 1);
  } else if (step == 1 && to.core != nullptr) {
    FetchLines(to.core->node, 1);
  }
}

void FlowMessage::FetchServe(int step) const {
  if (step == 1) FetchLines(this, 1);
  // A buffer need not begin where a line does.
  if (step == 2 && !data.empty()) FetchLines(&data.front(), 2);
  world_.FetchConnection(to, step);
}

void FlowMessage::Serve() { FlowNetwork::Mine().Receive(this); }

void FlowMessage::Drop() {
  Simulation& simulation = world_.simulation();
  if (simulation.ended() || kind == Kind::kTimedOut) {
    world_.Free(this);
  } else {
    Lose(simulation.now(), Lost::kLinkDown);
  }
}

}  // namespace ebbrt::platform
