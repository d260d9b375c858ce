// Simulated network interface controllers, on one switched Ethernet: for packet
// fidelity, where a stack of our own makes the frames.
//
// A frame passes the fabric's links as one parcel: it waits for their rate and
// delay, is dropped where a buffer is full, and marked (ECN) where a queue is
// longer than the link's mark. The switch knows where every address is; what is
// for all goes to all.
//
//   Transmit -> [ring] -> Flush -> fabric -> [received] -> OnFrame ...
//
// A frame is copied as it is taken, so that nodes share no memory. Each one
// that has come is an interrupt, and is charged for as one; what is there
// already is of one burst.
//
// Cores: a queue's own, as core/net/nic.h; the rest between turns. Ownership:
// NicWorld owns the NICs, which live as long as it does; a queue ends with its
// node's life, and hears nothing of later ones. Allocates: frames under way.
// Errors: without memory for a frame, it is lost.
// Bound: kReceivedMax frames wait for a core, the rest is dropped; a link's
// buffer of bytes waits in the ring.
// Source: core/net/nic.h; RFC 3168 (ECN), sections 5 and 23.
#ifndef EBBRT_PLATFORM_SIM_NIC_SIM_NIC_H_
#define EBBRT_PLATFORM_SIM_NIC_SIM_NIC_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "core/base/random.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/nic.h"
#include "platform/sim/network/fabric.h"
#include "platform/sim/nic/frames.h"
#include "platform/sim/simulation.h"

namespace ebbrt::platform {

class NicWorld;
class SimNic;

// Locally administered, with the node's number in the last four bytes.
MacAddress SimMacAddressOf(uint32_t node);

// A frame under way.
class FrameParcel final : public Parcel {
 public:
  explicit FrameParcel(NicWorld& world) : world_(world) {}
  IOBufChain frame;
  uint32_t from = 0;
  uint32_t to = 0;
  bool damaged = false;

 private:
  void Arrive(Time now) override;
  void Lose(Time now, Lost why) override;
  Parcel* Duplicate() override;
  bool Corrupt(Random& random) override;

  NicWorld& world_;
};

class SimNicQueue final : public NicQueue,
                          public SimInterrupt,
                          public SimOutput {
 public:
  static constexpr size_t kReceivedMax = 512;
  // After how many frames a burst ends, though there are more.
  static constexpr size_t kBurst = 32;

  SimNicQueue(SimNic& nic, SimCore& core, NicReceiver& receiver);

  bool Transmit(IOBufChain& frame, const TransmitRequest& request) override;
  void Flush() override;
  bool link_up() const override;
  void Close() override;

  // A frame has come.
  void Receive(IOBufChain frame);
  // The link came up or went down.
  void OnLinkChange();

  void Serve() override;
  void Drop() override;
  void Leave() override;

 private:
  // Its uplink has room again.
  struct Ready final : SimAction {
    explicit Ready(SimNicQueue& queue_in) : queue(queue_in) {}
    void Happen(Time) override;
    SimNicQueue& queue;
  };

  friend class SimNic;
  void Raise();

  SimNic& nic_;
  SimCore& core_;
  NicReceiver& receiver_;
  const uint32_t life_;
  std::deque<IOBufChain> received_;
  std::vector<IOBufChain> ring_;
  size_t ring_bytes_ = 0;
  Ready ready_action_;
  size_t burst_ = 0;  // Frames since the last one ended.
  bool closed_ = false;
  bool raised_ = false;
  bool leaves_ = false;
  bool tells_ready_ = false;
  bool tells_link_ = false;
};

class SimNic final : public Nic {
 public:
  SimNic(NicWorld& world, SimNode& node, size_t mtu);

  const NicFacts& facts() const override { return facts_; }
  absl::StatusOr<NicQueue*> OpenQueue(uint32_t queue,
                                      NicReceiver& receiver) override;
  uint32_t QueueOf(uint32_t source, uint32_t destination, uint16_t source_port,
                   uint16_t destination_port) const override;

  NicWorld& world() { return world_; }
  SimNode& node() { return node_; }
  void Receive(IOBufChain frame);
  void OnLinkChange();
  // Closes all queues.
  void Close();

 private:
  // The queue of an earlier life is gone.
  SimNicQueue* QueueAt(uint32_t queue);

  NicWorld& world_;
  SimNode& node_;
  NicFacts facts_;
  std::vector<std::unique_ptr<SimNicQueue>> queues_;
};

class NicWorld final : public LinkObserver {
 public:
  // One NIC for each node that the simulation has.
  NicWorld(Simulation& simulation, Fabric& fabric, size_t mtu = 1500);
  ~NicWorld();
  NicWorld(const NicWorld&) = delete;
  NicWorld& operator=(const NicWorld&) = delete;

  // The present simulation's; null if it has none.
  static NicWorld* Current();

  SimNic& nic(uint32_t node) { return *nics_[node]; }
  // The present node's, as its stack owns it: for one life.
  std::unique_ptr<Nic> LendNic();

  Simulation& simulation() { return simulation_; }
  Fabric& fabric() { return fabric_; }
  // Frames that nodes have sent, one for all counted once for each.
  uint64_t sent() const { return sent_; }
  // Frames that found no core ready for them.
  uint64_t dropped() const { return dropped_; }

  // A node sends a frame, at that time.
  void Send(uint32_t from, IOBufChain frame, Time time);

 private:
  friend class FrameParcel;
  friend class SimNic;
  friend class SimNicQueue;

  void OnLinkChange(uint32_t node) override;
  void SendTo(uint32_t from, uint32_t to, IOBufChain frame, Time time);
  FrameParcel* NewParcel();
  void Free(FrameParcel* parcel);

  Simulation& simulation_;
  Fabric& fabric_;
  std::vector<std::unique_ptr<SimNic>> nics_;
  std::vector<std::unique_ptr<FrameParcel>> all_;
  std::vector<FrameParcel*> free_;
  uint64_t sent_ = 0;
  uint64_t dropped_ = 0;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_NIC_SIM_NIC_H_
