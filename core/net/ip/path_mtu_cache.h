// The path MTUs that routers have told of.
//
// Cores: one; each core learns its own. Ownership: values.
// Blocks: never. Allocates: Learn. Bound: kEntriesMax, of which the one that
// would be forgotten first gives way; kMtuMin is the least that is believed.
// Units: bytes, Time. Errors: none.
// Source: RFC 1191 (section 6.3: ten minutes; section 7.1: plateaus).
#ifndef EBBRT_CORE_NET_IP_PATH_MTU_CACHE_H_
#define EBBRT_CORE_NET_IP_PATH_MTU_CACHE_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "core/base/types.h"
#include "core/net/wire/ipv4_address.h"

namespace ebbrt::ip {

class PathMtuCache {
 public:
  static constexpr size_t kEntriesMax = 256;
  static constexpr Duration kLifetime = std::chrono::minutes(10);
  // Less would let a liar cut everything into crumbs.
  static constexpr size_t kMtuMin = 552;

  bool empty() const { return entries_.empty(); }
  // What a packet to `destination` may have at most; `link_mtu` where nothing
  // else is known.
  size_t Find(Ipv4Address destination, size_t link_mtu, Time now) const {
    auto found = entries_.find(destination);
    if (found == entries_.end() || found->second.forget <= now) return link_mtu;
    return std::min(link_mtu, found->second.mtu);
  }

  // A packet of `packet_bytes` was too big, for a next hop that takes
  // `next_hop_mtu`; 0: from a router that does not say. Returns what is used
  // from now on; none if that is no news. REQUIRES: link_mtu > kMtuMin.
  std::optional<size_t> Learn(Ipv4Address destination, size_t packet_bytes,
                              size_t next_hop_mtu, size_t link_mtu, Time now) {
    size_t mtu = next_hop_mtu != 0 ? next_hop_mtu : PlateauBelow(packet_bytes);
    mtu = std::max(mtu, kMtuMin);
    if (mtu >= Find(destination, link_mtu, now)) return std::nullopt;
    if (entries_.size() == kEntriesMax && !entries_.contains(destination)) {
      MakeRoom();
    }
    entries_[destination] = {.mtu = mtu, .forget = now + kLifetime};
    return mtu;
  }

 private:
  struct Entry {
    size_t mtu = 0;
    Time forget;
  };

  static size_t PlateauBelow(size_t bytes) {
    for (size_t plateau : {32000u, 17914u, 8166u, 4352u, 2002u, 1492u, 1006u}) {
      if (plateau < bytes) return plateau;
    }
    return kMtuMin;
  }
  void MakeRoom() {
    auto oldest = std::min_element(
        entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
          return a.second.forget < b.second.forget;
        });
    entries_.erase(oldest);
  }

  absl::flat_hash_map<Ipv4Address, Entry> entries_;
};

}  // namespace ebbrt::ip

#endif  // EBBRT_CORE_NET_IP_PATH_MTU_CACHE_H_
