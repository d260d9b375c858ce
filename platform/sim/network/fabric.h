// The simulated network between nodes: parcels pass the links of their route,
// first in, first out, one after the other.
//
// A parcel is whatever travels as one: a frame, or in flow fidelity all that a
// connection sends in one turn. It waits at each link for what came before it,
// so a busy link delays everybody on it; at one that is down, and by faults, it
// is lost, and its owner decides what that means.
//
//   Send -> [link: queue, rate, delay] -> [link] -> ... -> Arrive
//                    |
//                   Lose
//
// Cores: the host thread that simulates. Ownership: parcels are their owner's;
// the topology is the fabric's. Blocks, allocates: never, but for the topology.
// Bound: whoever sends; a link's buffer for what may be dropped.
#ifndef EBBRT_PLATFORM_SIM_NETWORK_FABRIC_H_
#define EBBRT_PLATFORM_SIM_NETWORK_FABRIC_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/base/types.h"
#include "platform/sim/event_queue.h"
#include "platform/sim/network/topology.h"
#include "platform/sim/simulation.h"

namespace ebbrt::platform {

class Fabric;

// Why a parcel did not arrive.
enum class Lost : uint8_t { kByFault, kLinkDown, kCorrupted, kBufferFull };

// To pass a link takes one cache line of a parcel.
class alignas(kCacheLineBytes) Parcel : public SimAction {
 public:
  void Happen(Time now) final;
  void Fetch(int step) const final;

  // Whether a full buffer drops it.
  bool droppable = false;
  // A queue on the way was longer than its mark.
  bool marked = false;
  uint64_t wire_bytes = 0;

 protected:
  ~Parcel() = default;

 private:
  friend class Fabric;

  virtual void Arrive(Time now) = 0;
  // As SimAction::Fetch, before Arrive.
  virtual void FetchArrive(int /*step*/) const {}
  virtual void Lose(Time now, Lost why) = 0;
  // A fault would have it arrive twice: what arrives as well, if it bears that.
  virtual Parcel* Duplicate() { return nullptr; }
  // A fault changes it on its way. False: then it is lost.
  virtual bool Corrupt(Random&) { return false; }

  Fabric* fabric_ = nullptr;
  uint32_t from_ = 0;
  uint32_t to_ = 0;
  uint32_t hop_ = 0;
  const Link* link_ = nullptr;  // The hop's.
};

// What carries large transfers, which share links rather than queue for them.
class BulkCarrier {
 public:
  virtual ~BulkCarrier() = default;
  // Takes a parcel that leaves now; its Deliver follows.
  virtual void Carry(Parcel& parcel, uint32_t from, uint32_t to,
                     uint64_t bytes, Time now) = 0;
};

// Who hears of a node's link.
class LinkObserver {
 public:
  // It went down, or came up.
  virtual void OnLinkChange(uint32_t node) = 0;

 protected:
  ~LinkObserver() = default;
};

class Fabric {
 public:
  // What stays within a node takes that long.
  static constexpr Duration kLocalDelay = std::chrono::microseconds(1);

  Fabric(Simulation& simulation, std::unique_ptr<Topology> topology)
      : simulation_(simulation), topology_(std::move(topology)) {}
  Fabric(const Fabric&) = delete;
  Fabric& operator=(const Fabric&) = delete;

  // Sends a parcel that is not under way; Arrive or Lose follows, in an action.
  void Send(Parcel& parcel, uint32_t from, uint32_t to, Time time);

  // Parcels of at least so many bytes are carried by `carrier`.
  void SetBulkCarrier(BulkCarrier* carrier, uint64_t threshold_bytes) {
    bulk_ = carrier;
    bulk_bytes_ = threshold_bytes;
  }
  // Has a parcel that the carrier has carried arrive then.
  void Deliver(Parcel& parcel, Time time);

  // From now on nothing passes between these nodes and all others; without
  // any, all passes again.
  void Partition(const std::vector<SimNode*>& nodes);

  // Cuts a node off, or connects it again.
  void SetLinkUp(uint32_t node, bool up);
  void SetLinkObserver(LinkObserver* observer) { observer_ = observer; }

  Topology& topology() { return *topology_; }
  Simulation& simulation() { return simulation_; }

 private:
  friend class Parcel;

  // The parcel has come to the next link of its route, or to its end.
  void Step(Parcel& parcel, Time now);
  bool PassFaults(Parcel& parcel, Link& link, Time now, Duration& late);

  Simulation& simulation_;
  const std::unique_ptr<Topology> topology_;
  bool Parted(uint32_t from, uint32_t to) const {
    return !parted_.empty() && parted_[from] != parted_[to];
  }

  // By node, which side of a partition it is on; empty: there is none.
  std::vector<bool> parted_;
  LinkObserver* observer_ = nullptr;
  BulkCarrier* bulk_ = nullptr;
  uint64_t bulk_bytes_ = 0;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_NETWORK_FABRIC_H_
