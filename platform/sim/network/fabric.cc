#include "platform/sim/network/fabric.h"

#include "platform/sim/fetch_ahead.h"

namespace ebbrt::platform {
namespace {
// The hop of a parcel that has passed all links.
constexpr uint32_t kArrives = ~uint32_t{0};
}  // namespace

void Parcel::Happen(Time now) {
  if (hop_ == kArrives) {
    Arrive(now);
  } else {
    fabric_->Step(*this, now);
  }
}

void Parcel::Fetch(int step) const {
  if (hop_ == kArrives) {
    FetchArrive(step);
  } else if (step == 0) {
    FetchLines(link_, 1);
  }
}

void Fabric::Send(Parcel& parcel, uint32_t from, uint32_t to, Time time) {
  parcel.fabric_ = this;
  parcel.from_ = from;
  parcel.to_ = to;
  parcel.hop_ = 0;
  parcel.marked = false;
  if (from == to) {
    Deliver(parcel, time + kLocalDelay);
  } else if (bulk_ != nullptr && parcel.wire_bytes >= bulk_bytes_) {
    bulk_->Carry(parcel, from, to, parcel.wire_bytes, time);
  } else {
    Step(parcel, time);
  }
}

void Fabric::Deliver(Parcel& parcel, Time time) {
  parcel.hop_ = kArrives;
  simulation_.Schedule(parcel, time);
}

void Fabric::Step(Parcel& parcel, Time now) {
  const Route& route = topology_->Find(parcel.from_, parcel.to_);
  Link& link = *route.links[parcel.hop_];
  Duration late{};
  if (!link.up || Parted(parcel.from_, parcel.to_)) {
    ++link.lost;
    parcel.Lose(now, Lost::kLinkDown);
    return;
  }
  if (link.has_faults() && !PassFaults(parcel, link, now, late)) return;
  if (parcel.droppable && link.QueuedBytes(now) > link.buffer_bytes) {
    ++link.lost;
    parcel.Lose(now, Lost::kBufferFull);
    return;
  }
  if (link.mark_bytes != 0 && link.QueuedBytes(now) > link.mark_bytes) {
    parcel.marked = true;
  }
  Time there = link.Queue(parcel.wire_bytes, now) + link.delay + late;
  if (++parcel.hop_ == route.count) {
    parcel.hop_ = kArrives;
  } else {
    parcel.link_ = route.links[parcel.hop_];
  }
  simulation_.Schedule(parcel, there);
}

void Fabric::Partition(const std::vector<SimNode*>& nodes) {
  parted_.clear();
  if (nodes.empty()) return;
  parted_.resize(simulation_.node_count());
  for (SimNode* node : nodes) parted_[node->number()] = true;
}

void Fabric::SetLinkUp(uint32_t node, bool up) {
  topology_->UpLink(node).up = up;
  topology_->DownLink(node).up = up;
  if (observer_ != nullptr) observer_->OnLinkChange(node);
}

bool Fabric::PassFaults(Parcel& parcel, Link& link, Time now, Duration& late) {
  Random& random = simulation_.fault_random();
  const LinkFaults& faults = link.faults();
  if (random.Chance(faults.loss)) {
    ++link.lost;
    parcel.Lose(now, Lost::kByFault);
    return false;
  }
  if (random.Chance(faults.corrupt) && !parcel.Corrupt(random)) {
    ++link.lost;
    link.Queue(parcel.wire_bytes, now);
    parcel.Lose(now, Lost::kCorrupted);
    return false;
  }
  if (random.Chance(faults.reorder)) late = faults.reorder_delay;
  if (random.Chance(faults.duplicate)) {
    if (Parcel* twin = parcel.Duplicate()) {
      twin->fabric_ = this;
      twin->from_ = parcel.from_;
      twin->to_ = parcel.to_;
      twin->wire_bytes = parcel.wire_bytes;
      Deliver(*twin, link.Queue(parcel.wire_bytes, now) + link.delay);
    }
  }
  return true;
}

}  // namespace ebbrt::platform
