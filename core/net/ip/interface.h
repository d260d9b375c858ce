// An IPv4 interface over one NIC: one core's part of it.
//
//   UDP sockets, TCP, ICMP          (per core)
//        |           ^
//      Send       Deliver  <----- packets whose flow lives here, from others
//        |           |
//     routes     reassembly
//        |           |
//       ARP      OnFrame
//        '--- NIC ---'             (a core without a queue passes frames on)
//
// Cores: its own; a part is an Ebb's representative (Interface::Create).
// Ownership: the Ebb's. Packets belong to whom they are passed to.
// Blocks: only where a receiver does. Allocates: a buffer for headers, where a
// packet to be sent has no headroom of kHeadroomBytes; records.
// Bound: those of ArpCache, Reassembler, SharedInterface; kBacklogMax frames
// that wait for the device, kLoopbackMax packets to ourselves, kPingsMax.
// Units: bytes, Time.
// Errors: what peers send is dropped and counted, and answered where the RFCs
// ask for it.
// Source: RFC 791, 792, 826, 1122, 1191, 5227.
#ifndef EBBRT_CORE_NET_IP_INTERFACE_H_
#define EBBRT_CORE_NET_IP_INTERFACE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "core/async/future.h"
#include "core/base/random.h"
#include "core/base/types.h"
#include "core/buf/iobuf_chain.h"
#include "core/ebb/ebb_ref.h"
#include "core/event/timer.h"
#include "core/net/ip/arp_cache.h"
#include "core/net/ip/away_flows.h"
#include "core/net/ip/counters.h"
#include "core/net/ip/echo.h"
#include "core/net/ip/listener_view.h"
#include "core/net/ip/path_mtu_cache.h"
#include "core/net/ip/reassembler.h"
#include "core/net/ip/received_packet.h"
#include "core/net/ip/route_table.h"
#include "core/net/ip/shared_interface.h"
#include "core/net/ip/tcp_input.h"
#include "core/net/ip/token_bucket.h"
#include "core/net/ip/udp_sockets.h"
#include "core/net/nic.h"
#include "core/net/wire/ethernet.h"
#include "core/net/wire/icmp.h"

namespace ebbrt::ip {

// What an interface is called, and who else is on its link.
struct Configuration {
  Ipv4Address address = {};  // Unspecified: none yet.
  uint32_t prefix_bits = 24;
  Ipv4Address gateway = {};  // Unspecified: none.
  friend bool operator==(const Configuration&, const Configuration&) = default;
};

// A packet to be sent; its payload begins with the transport's header.
struct OutgoingPacket {
  Ipv4Address source;
  Ipv4Address destination;
  uint8_t protocol = 0;
  uint8_t traffic_class = 0;
  bool dont_fragment = false;
  // Where in the payload the checksum over it and the pseudo-header belongs,
  // where zero stands; 0: nowhere.
  uint16_t checksum_at = 0;
  // Not 0: the payload behind the transport's header (of so many bytes) is cut
  // into segments, which the device must be able to.
  uint16_t header_bytes = 0;
  uint16_t segment_bytes = 0;
};

class Interface final : public NicReceiver, private ArpCache::Link {
 public:
  // What Send and its callers put before a transport's header.
  static constexpr size_t kHeadroomBytes =
      kEthernetHeaderBytes + kIpv4HeaderBytes;
  static constexpr size_t kBacklogMax = 512;
  static constexpr size_t kLoopbackMax = 4096;
  // To ourselves a packet is never cut.
  static constexpr size_t kLoopbackMtu = kIpv4PacketBytesMax;
  static constexpr uint32_t kIcmpErrorsPerSecond = 100;
  static constexpr uint32_t kIcmpErrorBurst = 20;

  // An interface on all cores of the node. It opens the NIC's queues, on the
  // cores that have one; the future tells when all have. `secret` is entropy.
  static Future<EbbRef<Interface>> Create(std::unique_ptr<Nic> nic,
                                          Configuration configuration,
                                          uint64_t secret);

  Interface(EbbRef<Interface> self, std::shared_ptr<SharedInterface> shared);
  ~Interface();

  // Changes address and routes, on every core, and tells the neighbours.
  static Future<void> Configure(EbbRef<Interface> interface,
                                Configuration configuration);
  const Configuration& configuration() const { return configuration_; }
  RouteTable& routes() { return routes_; }
  const MacAddress& mac() const { return facts_.address; }
  SharedInterface& shared() { return *shared_; }
  const Counters& counters() const { return counters_; }
  CoreId core() const { return core_; }

  // Asks three times whether somebody has `address`, which is not ours yet
  // (RFC 5227 section 2.1.1); true if so. One at a time.
  Future<bool> IsTaken(Ipv4Address address);

  // Sends a packet, or drops it. Errors, without text: kUnavailable (no
  // route, no address of ours), kInvalidArgument (too long for the path, and
  // not to be cut), kResourceExhausted.
  absl::Status Send(const OutgoingPacket& packet, IOBufChain payload);
  // The address that a packet to `destination` is from; none: no route.
  std::optional<Ipv4Address> SourceFor(Ipv4Address destination) const;
  // Whether packets to it come back to this node.
  bool IsOurs(Ipv4Address address) const;
  size_t MtuTo(Ipv4Address destination) const;
  // The longest payload that Send cuts into segments; 0: none.
  size_t SegmentationMax(Ipv4Address destination) const;

  // Whether a connection that we open with these ports lives here. False also
  // where somebody listens on the local port.
  bool IsHomeOfOpened(const Flow& flow) {
    return listeners_.Find({flow.local.ToIpAddress(), flow.local_port}) ==
               nullptr &&
           shared_->HomeOf(flow) == core_;
  }

  UdpSockets& udp() { return udp_; }
  void SetTcp(TcpInput* tcp) { tcp_ = tcp; }

  // The time that an echo takes. Errors: kDeadlineExceeded; as Send.
  Future<Duration> Ping(Ipv4Address destination, size_t bytes,
                        Duration timeout);

  // NicReceiver.
  void OnFrame(IOBufChain frame, const ReceiveReport& report) override;
  void OnFramesEnd() override;
  void OnTransmitReady() override;
  void OnLink(bool up) override;

 private:
  absl::Status Start();
  void ConfigureHere(const Configuration& configuration);
  void Flush();
  void ScheduleFlush();
  void OnTimer();
  void SetTimer();

  // Receiving (interface_input.cc).
  void OnIpv4(IOBufChain&& packet, bool checksum_good);
  void OnArp(const ArpMessage& message, bool passed);
  bool IsGroupOfOurs(Ipv4Address destination) const;
  // Passes it to the core where it belongs, if that is another one.
  void Receive(ReceivedPacket&& packet);
  // The core that a packet goes to next (interface_cores.cc). Some only know
  // whom to ask; who knows marks it as decided.
  CoreId CoreFor(ReceivedPacket& packet);
  CoreId CoreForTcp(ReceivedPacket& packet, const Flow& flow);
  CoreId CoreForUdp(ReceivedPacket& packet, const Flow& flow);
  CoreId CoreForIcmp(ReceivedPacket& packet);
  void Deliver(ReceivedPacket&& packet);
  void DeliverUdp(ReceivedPacket&& packet);
  void DeliverTcp(ReceivedPacket&& packet);
  bool ChecksumIsGood(const ReceivedPacket& packet) const;
  void PassOn(CoreId core, PassedOn what);
  void OnPassedOn(std::vector<PassedOn> batch);
  void DeliverLoopback();

  // Control messages (interface_icmp.cc).
  void DeliverIcmp(ReceivedPacket&& packet);
  void OnIcmpError(const IcmpHeader& icmp, IOBufChain quoted);
  void SendEchoReply(const ReceivedPacket& request, const IcmpHeader& icmp,
                     IOBufChain data);
  void SendIcmpError(const ReceivedPacket& about, IcmpUnreachable code);

  // Sending (interface_output.cc).
  absl::Status SendToSelf(const OutgoingPacket& packet, IOBufChain payload);
  absl::Status SendFragments(const OutgoingPacket& packet, IOBufChain payload,
                             size_t mtu, Ipv4Address next_hop);
  absl::Status SendOne(const Ipv4Header& header, IOBufChain&& payload,
                       const TransmitRequest& request, Ipv4Address next_hop);
  // Computes a checksum in software, or asks the device; false: no memory.
  bool FinishChecksum(const OutgoingPacket& packet, IOBufChain& payload,
                      bool by_device, TransmitRequest& request);
  bool FitToDevice(IOBufChain& frame) const;
  void TransmitFrame(OutgoingFrame&& frame);
  void SendArp(const ArpMessage& message, const MacAddress& to);
  void Announce();
  uint16_t NextIdentification();

  // ArpCache::Link.
  void SendArpRequest(Ipv4Address target, const MacAddress& to) override;
  void TransmitTo(const MacAddress& to, OutgoingFrame&& frame) override;
  void OnUnresolved(Ipv4Address next_hop, OutgoingFrame frame) override;

  const EbbRef<Interface> self_;
  const std::shared_ptr<SharedInterface> shared_;
  const NicFacts& facts_;
  const CoreId core_;
  Random random_;
  Configuration configuration_;
  RouteTable routes_;
  ArpCache arp_{*this};
  Reassembler reassembler_;
  PathMtuCache path_mtus_;
  TokenBucket icmp_errors_{kIcmpErrorsPerSecond, kIcmpErrorBurst};
  ListenerView listeners_;
  AwayFlows away_;
  UdpSockets udp_;
  Echoes echoes_;
  TcpInput* tcp_ = nullptr;
  NicQueue* queue_ = nullptr;  // Null: another core sends for us.
  Counters counters_;
  Timer timer_;
  Timer announce_again_;

  std::deque<OutgoingFrame> backlog_;    // That the device had no room for.
  std::deque<ReceivedPacket> loopback_;  // To ourselves.
  std::vector<std::vector<PassedOn>> outbox_;  // By core.
  bool flush_scheduled_ = false;
  bool loopback_scheduled_ = false;
  uint16_t identification_ = 0;
  // The address that IsTaken asks about, and whether somebody answered.
  Ipv4Address probed_;
  bool probed_is_taken_ = false;
};

}  // namespace ebbrt::ip

#endif  // EBBRT_CORE_NET_IP_INTERFACE_H_
