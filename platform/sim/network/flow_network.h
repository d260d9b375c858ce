// FlowNetwork: one core's part of the flow network, which is the network Ebb
// (core/net/network.h) over simulated links, at the fidelity of flows: streams
// and datagrams take the time that their bytes take on the links of their
// route, and what is between (segments, acknowledgements, congestion control)
// is not simulated.
//
// Cores: its own. Ownership: of everything that lives on this core.
// Errors: as Network; kUnavailable where no node has the address, or the peer
// resets or refuses; kDeadlineExceeded where nothing arrives for too long.
// Source: Casanova et al., "Versatile, scalable, and accurate simulation of
// distributed applications and platforms", 2014 (flow-level simulation).
#ifndef EBBRT_PLATFORM_SIM_NETWORK_FLOW_NETWORK_H_
#define EBBRT_PLATFORM_SIM_NETWORK_FLOW_NETWORK_H_

#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>

#include "core/base/intrusive_queue.h"
#include "core/net/endpoint.h"
#include "core/net/network.h"
#include "platform/sim/network/flow_connection.h"
#include "platform/sim/network/flow_message.h"
#include "platform/sim/network/flow_world.h"

namespace ebbrt::platform {

class FlowUdpSocket;

class alignas(kCacheLineBytes) FlowNetwork final : public Network,
                                                   public SimOutput {
 public:
  static constexpr size_t kDatagramBytesMax = 65507;  // RFC 768, RFC 791.

  FlowNetwork(FlowWorld& world, std::shared_ptr<FlowNode> node);
  ~FlowNetwork() override;

  // The calling core's. REQUIRES: the flow network is installed.
  static FlowNetwork& Mine();

  absl::StatusOr<Endpoint> ListenTcp(const Endpoint& local,
                                     TcpAcceptor acceptor) override;
  void StopListeningTcp(const Endpoint& local) override;
  void ConnectTcp(const Endpoint& remote,
                  std::unique_ptr<TcpHandler> handler) override;
  absl::StatusOr<std::unique_ptr<UdpSocket>> OpenUdp(
      const Endpoint& local, UdpReceiver receiver) override;

  // A message has come for this core.
  void Receive(FlowMessage* message);
  // The turn has ended.
  void Leave() override;

  FlowWorld& world() { return world_; }

  // For this core's connections and sockets. What they ask for is done in an
  // event, or at the end of the turn.
  void SpawnPump(uint64_t key);
  void SpawnEnd(uint64_t key);
  void LeaveLater(FlowConnection& connection);
  void SendLater(FlowMessage* message);
  std::unique_ptr<TcpHandler> CallAcceptor(const Endpoint& listening,
                                           const Endpoint& remote);
  absl::Status SendDatagram(const Endpoint& from, const Endpoint& to,
                            IOBufChain data);
  void CloseUdp(uint64_t key, const Endpoint& local);

 private:
  // Null if it is gone: it may have failed while the event was under way.
  FlowConnection* Find(uint64_t key);
  FlowAddress NewAddress();
  void Accept(FlowMessage* message);
  void End(uint64_t key);
  void BeOutput();

  FlowWorld& world_;
  SimCore& core_;
  bool is_output_ = false;                 // Its turn at the turn's end comes.
  IntrusiveQueue<SimInterrupt> sending_;   // Messages.
  IntrusiveList<FlowConnection> leaving_;  // Have something to send.
  const std::shared_ptr<FlowNode> node_;
  std::map<Endpoint, std::shared_ptr<TcpAcceptor>> acceptors_;
  std::unordered_map<uint64_t, std::unique_ptr<FlowConnection>> connections_;
  std::map<uint64_t, FlowUdpSocket*> sockets_;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_NETWORK_FLOW_NETWORK_H_
