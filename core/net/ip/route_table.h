// Where a packet goes next: routes, the longest prefix first.
//
// Cores: one; each core has its own copy. Ownership: values.
// Blocks: never. Allocates: Add. Bound: kRoutesMax; a search looks at each.
// Errors: kResourceExhausted where there are too many.
// Source: RFC 1122 section 3.3.1; RFC 1812 section 5.2.4.3.
#ifndef EBBRT_CORE_NET_IP_ROUTE_TABLE_H_
#define EBBRT_CORE_NET_IP_ROUTE_TABLE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "core/net/wire/ipv4_address.h"

namespace ebbrt::ip {

struct Route {
  Ipv4Address network = {};
  uint32_t prefix_bits = 0;  // At most 32; 0 is the default route.
  Ipv4Address gateway = {};       // Unspecified: its addresses are on the link.
};

class RouteTable {
 public:
  static constexpr size_t kRoutesMax = 64;

  // Replaces the one to the same network, if there is one.
  absl::Status Add(const Route& route) {
    const uint32_t mask = PrefixMask(route.prefix_bits);
    Route kept = route;
    kept.network = Ipv4Address(route.network.value() & mask);
    for (Route& other : routes_) {
      if (other.network == kept.network &&
          other.prefix_bits == kept.prefix_bits) {
        other = kept;
        return absl::OkStatus();
      }
    }
    if (routes_.size() == kRoutesMax) {
      return absl::ResourceExhaustedError("too many routes");
    }
    auto place = std::find_if(
        routes_.begin(), routes_.end(), [&kept](const Route& other) {
          return other.prefix_bits < kept.prefix_bits;
        });
    routes_.insert(place, kept);
    return absl::OkStatus();
  }
  void Clear() { routes_.clear(); }

  // Whom on the link to give a packet to; none if nobody can be told.
  std::optional<Ipv4Address> NextHop(Ipv4Address destination) const {
    for (const Route& route : routes_) {
      if ((destination.value() & PrefixMask(route.prefix_bits)) ==
          route.network.value()) {
        return route.gateway.unspecified() ? destination : route.gateway;
      }
    }
    return std::nullopt;
  }

 private:
  std::vector<Route> routes_;  // The longest prefix first.
};

}  // namespace ebbrt::ip

#endif  // EBBRT_CORE_NET_IP_ROUTE_TABLE_H_
