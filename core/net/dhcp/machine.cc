#include "core/net/dhcp/machine.h"

#include <algorithm>
#include <bit>

namespace ebbrt::dhcp {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

bool IsHost(Ipv4Address address) {
  return !address.unspecified() && !address.is_multicast() &&
         !address.is_broadcast() && !address.is_loopback();
}

uint32_t PrefixOf(Ipv4Address address, Ipv4Address mask) {
  const auto bits = static_cast<uint32_t>(std::countl_one(mask.value()));
  if (bits != 0 && PrefixMask(bits) == mask.value()) return bits;
  // Without a mask that makes sense, by the address's class (RFC 791).
  const uint32_t first = address.value() >> 24;
  return first < 128 ? 8 : first < 192 ? 16 : 24;
}

// Times as the server gives them, or as RFC 2131 section 4.4.5 has them.
void SetTimes(const DhcpMessage& ack, Time from, Lease& lease) {
  const uint32_t whole = *ack.lease_seconds;
  if (whole == kDhcpForever) {
    lease.renew = lease.rebind = lease.expire = kTimeNever;
    return;
  }
  uint32_t rebind = ack.rebinding_seconds.value_or(whole / 8 * 7);
  if (rebind >= whole) rebind = whole / 8 * 7;
  uint32_t renew = ack.renewal_seconds.value_or(whole / 2);
  if (renew >= rebind) renew = rebind / 2;
  lease.renew = from + seconds(renew);
  lease.rebind = from + seconds(rebind);
  lease.expire = from + seconds(whole);
}

}  // namespace

Machine::Machine(Link& link, const MacAddress& mac, uint64_t seed)
    : link_(link), mac_(mac), random_(seed) {}

void Machine::Start(Time now) {
  Restart(now + Duration(random_.Between(0, kStartDelayMax.count())));
}

void Machine::Restart(Time at) {
  if (has_lease()) link_.OnLeaseLost();
  state_ = State::kInit;
  sent_ = 0;
  deadline_ = at;
}

void Machine::OnTimer(Time now) {
  if (now < deadline_) return;
  switch (state_) {
    case State::kInit:
      begun_ = now;
      [[fallthrough]];
    case State::kSelecting:
      Discover(now);
      break;
    case State::kRequesting:
      if (sent_ == kRequestsMax) {
        Restart(now);
      } else {
        Request(now);
      }
      break;
    case State::kProbing:
      break;  // OnProbed comes.
    case State::kBound:
    case State::kRenewing:
    case State::kRebinding:
      if (now >= lease_.expire) {
        Restart(now);
      } else {
        Extend(now);
      }
  }
}

DhcpMessage Machine::MakeMessage(DhcpType type, Time now) {
  DhcpMessage message;
  message.transaction = transaction_;
  message.seconds = static_cast<uint16_t>(
      std::min<int64_t>(duration_cast<seconds>(now - begun_).count(), 0xffff));
  message.client_mac = mac_;
  message.type = type;
  return message;
}

Duration Machine::NextRetransmission() {
  const Duration doubled =
      std::min(kRetransmissionMin * (1 << std::min(sent_, 5u)),
               kRetransmissionMax);
  ++sent_;
  return doubled + milliseconds(random_.Between(0, 2000)) - milliseconds(1000);
}

void Machine::Discover(Time now) {
  if (state_ == State::kInit) transaction_ = static_cast<uint32_t>(random_());
  state_ = State::kSelecting;
  deadline_ = now + NextRetransmission();
  DhcpMessage message = MakeMessage(DhcpType::kDiscover, now);
  // What is sent to an address that is not ours yet would be dropped.
  message.broadcast = true;
  link_.Broadcast(message);
}

void Machine::Request(Time now) {
  deadline_ = now + NextRetransmission();
  requested_at_ = now;
  DhcpMessage message = MakeMessage(DhcpType::kRequest, now);
  message.broadcast = true;
  message.requested = lease_.address;
  message.server = lease_.server;
  link_.Broadcast(message);
}

// Asks for more time: the server that gave the lease, later any.
void Machine::Extend(Time now) {
  const bool rebinding = now >= lease_.rebind;
  const State before = state_;
  state_ = rebinding ? State::kRebinding : State::kRenewing;
  if (state_ != before) transaction_ = static_cast<uint32_t>(random_());
  const Time end = rebinding ? lease_.expire : lease_.rebind;
  deadline_ = std::min(end, now + std::max((end - now) / 2,
                                           kRenewalIntervalMin));
  requested_at_ = now;
  DhcpMessage message = MakeMessage(DhcpType::kRequest, now);
  message.client = lease_.address;
  if (rebinding) {
    link_.Broadcast(message);
  } else {
    link_.SendTo(lease_.server, message);
  }
}

void Machine::OnMessage(const DhcpMessage& message, Time now) {
  const bool for_us = message.is_reply && message.client_mac == mac_ &&
                      message.transaction == transaction_;
  if (!for_us) return;
  switch (message.type) {
    case DhcpType::kOffer:
      OnOffer(message, now);
      break;
    case DhcpType::kAck:
      OnAck(message, now);
      break;
    case DhcpType::kNak:
      OnNak(now);
      break;
    default:
      break;  // Of clients.
  }
}

void Machine::OnOffer(const DhcpMessage& message, Time now) {
  const bool wanted = state_ == State::kSelecting && IsHost(message.yours) &&
                      IsHost(message.server);
  if (!wanted) return;
  lease_ = {};
  lease_.address = message.yours;
  lease_.server = message.server;
  state_ = State::kRequesting;
  sent_ = 0;
  Request(now);
}

void Machine::OnAck(const DhcpMessage& message, Time now) {
  const bool expected = state_ == State::kRequesting ||
                        state_ == State::kRenewing ||
                        state_ == State::kRebinding;
  const bool sensible = message.yours == lease_.address &&
                        message.lease_seconds.value_or(0) != 0;
  if (!expected || !sensible) return;
  lease_.prefix_bits = PrefixOf(lease_.address, message.subnet_mask);
  lease_.gateway = message.router;
  lease_.dns_servers = message.dns_servers;
  if (IsHost(message.server)) lease_.server = message.server;
  SetTimes(message, requested_at_, lease_);
  if (state_ != State::kRequesting) {
    Bind(now);
    return;
  }
  state_ = State::kProbing;
  deadline_ = kTimeNever;
  link_.Probe(lease_.address);
}

void Machine::OnNak(Time now) {
  const bool expected = state_ == State::kRequesting ||
                        state_ == State::kRenewing ||
                        state_ == State::kRebinding;
  if (expected) Restart(now + kRestartDelay);
}

void Machine::OnProbed(bool taken, Time now) {
  if (state_ != State::kProbing) return;
  if (!taken) {
    Bind(now);
    return;
  }
  DhcpMessage message = MakeMessage(DhcpType::kDecline, now);
  message.requested = lease_.address;
  message.server = lease_.server;
  link_.Broadcast(message);
  Restart(now + kRestartDelay);
}

void Machine::Bind(Time now) {
  (void)now;
  state_ = State::kBound;
  sent_ = 0;
  deadline_ = lease_.renew;
  link_.OnLease(lease_);
}

void Machine::Release() {
  if (has_lease()) {
    DhcpMessage message;
    message.transaction = static_cast<uint32_t>(random_());
    message.client_mac = mac_;
    message.type = DhcpType::kRelease;
    message.client = lease_.address;
    message.server = lease_.server;
    link_.SendTo(lease_.server, message);
    link_.OnLeaseLost();
  }
  state_ = State::kInit;
  deadline_ = kTimeNever;
}

}  // namespace ebbrt::dhcp
