// Who on the link has which address, and the frames that wait to know.
//
// The frames for one address leave in the order in which they came, before all
// that come later. What is known is asked for again, of the one who had it,
// before it is forgotten, if it was used.
//
// Cores: one; each core has its own. Ownership: owns the frames that wait.
// Blocks: never. Allocates: entries.
// Bound: kEntriesMax, of which the one unused for longest gives way, and none
// that is being asked for; kFramesWaitingMax an entry, of which the oldest
// gives way (RFC 1122 wants at least the latest kept);
// kRequestsMax requests, kRequestInterval apart (RFC 1122: at most one a second
// and destination). Units: Time.
// Errors: frames for an address that nobody has are handed back.
// Source: RFC 826; RFC 1122 section 2.3.2.
#ifndef EBBRT_CORE_NET_IP_ARP_CACHE_H_
#define EBBRT_CORE_NET_IP_ARP_CACHE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/base/types.h"
#include "core/net/ip/outgoing_frame.h"
#include "core/net/nic.h"
#include "core/net/wire/ipv4_address.h"

namespace ebbrt::ip {

class ArpCache {
 public:
  static constexpr size_t kEntriesMax = 512;
  static constexpr size_t kFramesWaitingMax = 32;
  static constexpr uint32_t kRequestsMax = 3;
  static constexpr Duration kRequestInterval = std::chrono::seconds(1);
  static constexpr Duration kLifetime = std::chrono::seconds(60);

  // What the cache asks of the interface. It is called from within the
  // cache's methods, and calls none of them itself.
  class Link {
   public:
    // Asks who has `target`: everybody, or the one who had it.
    virtual void SendArpRequest(Ipv4Address target, const MacAddress& to) = 0;
    // A frame that waited goes out, without its destination yet.
    virtual void TransmitTo(const MacAddress& to, OutgoingFrame&& frame) = 0;
    // A frame that waited in vain.
    virtual void OnUnresolved(Ipv4Address next_hop, OutgoingFrame frame) = 0;

   protected:
    ~Link() = default;
  };

  explicit ArpCache(Link& link) : link_(link) {}

  // Sends a frame to `next_hop`, now or once it is known.
  void Transmit(Ipv4Address next_hop, OutgoingFrame&& frame, Time now);

  // `mac` says that it has `address`. Only `to_us` makes a new entry of it:
  // what others tell each other is no reason to remember.
  void Learn(Ipv4Address address, const MacAddress& mac, bool to_us, Time now);

  std::optional<MacAddress> Find(Ipv4Address address) const;

  // Asks again, gives up, forgets.
  void OnTimer(Time now);
  // When that is next; kTimeNever if there is nothing.
  Time next_deadline() const;

  // All that is known was learned at another address.
  void Clear();
  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    MacAddress mac;
    bool known = false;
    bool used = false;  // Since it was last confirmed.
    uint32_t requests = 0;  // Without an answer so far.
    Time deadline;          // Of the next request, or of being forgotten.
    Time last_use;
    std::deque<OutgoingFrame> waiting;
  };

  // Null where there is no room.
  Entry* Make(Ipv4Address address);
  void Request(Ipv4Address address, Entry& entry, Time now);
  // False: it is to be erased.
  bool OnDeadline(Ipv4Address address, Entry& entry, Time now,
                  std::vector<OutgoingFrame>& unresolved);

  Link& link_;
  absl::flat_hash_map<Ipv4Address, Entry> entries_;
};

}  // namespace ebbrt::ip

#endif  // EBBRT_CORE_NET_IP_ARP_CACHE_H_
