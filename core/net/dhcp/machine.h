// The DHCP client as a state machine, without socket, clock or interface.
//
//   init -> selecting -> requesting -> probing -> bound -> renewing
//    ^ ^________|___________|_____________|         ^         |
//    |     no offer, NAK, address taken             '---ACK---|
//    '------------- NAK, expired ------------- rebinding <----'
//
// Departures: it waits for less than a second before the first message, where
// RFC 2131 section 4.4.1 wants ten, since machines boot to serve; and of
// offers it takes the first.
//
// Cores: one. Ownership: refers to its link. Blocks, allocates: never.
// Bound: kRequestsMax, kRetransmissionMax; it never stops trying.
// Units: Time. Errors: messages that do not fit the state are ignored.
// Source: RFC 2131 section 4.4; RFC 5227 (probing).
#ifndef EBBRT_CORE_NET_DHCP_MACHINE_H_
#define EBBRT_CORE_NET_DHCP_MACHINE_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "core/base/random.h"
#include "core/base/types.h"
#include "core/net/nic.h"
#include "core/net/wire/dhcp.h"

namespace ebbrt::dhcp {

struct Lease {
  Ipv4Address address = {};
  uint32_t prefix_bits = 0;
  Ipv4Address gateway = {};  // Unspecified: none.
  Ipv4Address server = {};
  std::array<Ipv4Address, kDhcpDnsServersMax> dns_servers = {};
  Time renew = kTimeNever;
  Time rebind = kTimeNever;
  Time expire = kTimeNever;
};

// What the machine asks of what is around it. It is called from within the
// machine's methods and calls none of them itself.
class Link {
 public:
  // Sends to everybody, from no address.
  virtual void Broadcast(const DhcpMessage& message) = 0;
  // Sends from our address to the server's.
  virtual void SendTo(Ipv4Address server, const DhcpMessage& message) = 0;
  // Finds out whether somebody has the address: Machine::OnProbed.
  virtual void Probe(Ipv4Address address) = 0;
  // The address is ours from now on, or as before with new times.
  virtual void OnLease(const Lease& lease) = 0;
  // It is no longer.
  virtual void OnLeaseLost() = 0;

 protected:
  ~Link() = default;
};

enum class State : uint8_t {
  kInit,
  kSelecting,
  kRequesting,
  kProbing,
  kBound,
  kRenewing,
  kRebinding,
};

class Machine {
 public:
  static constexpr uint32_t kRequestsMax = 4;
  static constexpr Duration kStartDelayMax = std::chrono::milliseconds(100);
  static constexpr Duration kRetransmissionMin = std::chrono::seconds(4);
  static constexpr Duration kRetransmissionMax = std::chrono::seconds(64);
  static constexpr Duration kRenewalIntervalMin = std::chrono::seconds(60);
  // After NAK or DECLINE (RFC 2131 section 3.1).
  static constexpr Duration kRestartDelay = std::chrono::seconds(10);

  Machine(Link& link, const MacAddress& mac, uint64_t seed);

  // Begins. REQUIRES: called once.
  void Start(Time now);
  void OnMessage(const DhcpMessage& message, Time now);
  void OnProbed(bool taken, Time now);
  void OnTimer(Time now);
  // Gives the address back, if we have one; the end.
  void Release();

  // kTimeNever: it waits for something else.
  Time next_deadline() const { return deadline_; }
  State state() const { return state_; }
  // REQUIRES: state() is kBound or beyond.
  const Lease& lease() const { return lease_; }

 private:
  void Restart(Time at);
  void Discover(Time now);
  void Request(Time now);
  void Extend(Time now);
  void OnOffer(const DhcpMessage& message, Time now);
  void OnAck(const DhcpMessage& message, Time now);
  void OnNak(Time now);
  void Bind(Time now);
  bool has_lease() const { return state_ >= State::kBound; }
  DhcpMessage MakeMessage(DhcpType type, Time now);
  Duration NextRetransmission();

  Link& link_;
  const MacAddress mac_;
  Random random_;
  State state_ = State::kInit;
  Time deadline_ = kTimeNever;
  Time begun_{};
  // Of the request that an ACK would answer: times of the lease count from it.
  Time requested_at_{};
  uint32_t transaction_ = 0;
  uint32_t sent_ = 0;  // Messages in this state.
  Lease lease_;        // Ours, or what we ask for.
};

}  // namespace ebbrt::dhcp

#endif  // EBBRT_CORE_NET_DHCP_MACHINE_H_
