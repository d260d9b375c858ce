// The flow network as a whole: every node's ports, and the messages under way.
//
// Cores: the host thread that simulates. Ownership: of the host; it outlives
// the nodes' lives and is destroyed after the simulation has ended.
// Allocates: messages, which it keeps. Bound: whoever sends.
#ifndef EBBRT_PLATFORM_SIM_NETWORK_FLOW_WORLD_H_
#define EBBRT_PLATFORM_SIM_NETWORK_FLOW_WORLD_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/intrusive_queue.h"
#include "core/base/random.h"
#include "core/net/port_table.h"
#include "platform/sim/network/fabric.h"
#include "platform/sim/network/flow_message.h"
#include "platform/sim/simulation.h"

namespace ebbrt::platform {

class FlowConnection;

struct FlowOptions {
  // At most this many bytes of a direction have been taken from the sender and
  // not yet been given to the receiver's handler. REQUIRES: at least 2.
  size_t window_bytes = 256 * kKiB;
  // How long an end that sends nothing, and so gets no answer that tells, does
  // not notice that its peer is gone (RFC 1122, section 4.2.3.6).
  Duration keep_alive = std::chrono::seconds(10);
  // A core that takes a message takes all that has come on that connection by
  // then, as who reads a kernel's socket does. Else it takes one after the
  // other, as an event loop that the frames themselves come to.
  bool reads_at_once = false;
};

// What the cores of one node share, in one of its lives.
struct FlowNode {
  explicit FlowNode(uint64_t seed) : random(seed, 0) {}

  ebbrt::PortTable tcp_ports;
  ebbrt::PortTable udp_ports;
  Random random;
  uint16_t next_port = 0;
};

class FlowWorld {
 public:
  FlowWorld(Simulation& simulation, Fabric& fabric,
            const FlowOptions& options = {});
  ~FlowWorld();
  FlowWorld(const FlowWorld&) = delete;
  FlowWorld& operator=(const FlowWorld&) = delete;

  // The present simulation's; null if it has none.
  static FlowWorld* Current();

  // Makes kNetworkId of the present node name the flow network.
  void Install();

  // A message to fill in. It is free again after Serve or Drop, or by Free.
  FlowMessage* NewMessage(FlowMessage::Kind kind);
  void Free(FlowMessage* message);
  // Sends it from its node at that time.
  void Send(FlowMessage& message, Time time);
  // `gone` is no more, and could not say so: its peer will notice.
  void NoticeLater(const FlowAddress& gone, const FlowAddress& peer);

  uint64_t NewKey() { return ++last_key_; }
  // Gives a connection a place, by which messages find it; and forgets it.
  uint32_t AddConnection(FlowConnection& connection);
  void RemoveConnection(uint32_t place);
  // Null if it is gone.
  FlowConnection* FindConnection(const FlowAddress& address) const;
  // As SimAction::Fetch: step 1 its entry, step 2 the connection, step 3 what
  // that needs.
  void FetchConnection(const FlowAddress& address, int step) const;
  // The node's part; null unless it is up and has installed the network.
  FlowNode* node(uint32_t number);

  const FlowOptions& options() const { return options_; }
  Simulation& simulation() { return simulation_; }
  Fabric& fabric() { return fabric_; }
  // How many messages have been sent, not counting what was sent again.
  uint64_t messages() const { return messages_; }

 private:
  friend class FlowMessage;

  struct Entry {
    std::weak_ptr<FlowNode> node;
    uint32_t life = 0;
  };

  // Tells the sender that its message has come to nobody.
  void Refuse(const FlowMessage& message, Time now);
  // Chooses the core that accepts. False: nobody listens.
  bool FindListener(FlowMessage& message);
  void GiveUp(FlowMessage& message);

  Simulation& simulation_;
  Fabric& fabric_;
  const FlowOptions options_;
  std::vector<Entry> nodes_;
  // By place; null where there is none, as at place 0.
  std::vector<FlowConnection*> connections_{nullptr};
  std::vector<uint32_t> free_places_;
  std::vector<FlowMessage*> free_;
  // All that there are, wherever they are under way.
  std::vector<std::unique_ptr<FlowMessage>> all_;
  uint64_t last_key_ = 0;
  uint64_t messages_ = 0;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_NETWORK_FLOW_WORLD_H_
