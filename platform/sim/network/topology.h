// Which links lie between two nodes.
//
// Cores: the host thread that simulates. Ownership: a topology owns its links.
// Bound: kHopsMax links a route.
#ifndef EBBRT_PLATFORM_SIM_NETWORK_TOPOLOGY_H_
#define EBBRT_PLATFORM_SIM_NETWORK_TOPOLOGY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "platform/sim/network/link.h"

namespace ebbrt::platform {

// No route is longer: a torus of 16 a side in three dimensions, with a link in
// and one out.
inline constexpr size_t kHopsMax = 26;

// The links on the way, in their order.
struct Route {
  uint32_t count = 0;
  std::array<Link*, kHopsMax> links{};
};

class Topology {
 public:
  virtual ~Topology() = default;

  // REQUIRES: nodes that it was made for, not the same twice. Valid until the
  // next call.
  virtual const Route& Find(uint32_t from, uint32_t to) = 0;

  // The node's own: what it sends passes the first, what it receives the
  // second.
  virtual Link& UpLink(uint32_t node) = 0;
  virtual Link& DownLink(uint32_t node) = 0;
};

// All nodes on one switch that is never the bottleneck.
class StarTopology final : public Topology {
 public:
  // Of each node, by number.
  explicit StarTopology(const std::vector<LinkOptions>& options);

  const Route& Find(uint32_t from, uint32_t to) override;
  Link& UpLink(uint32_t node) override { return up_[node]; }
  Link& DownLink(uint32_t node) override { return down_[node]; }

 private:
  // Never longer than they are made, so that a link stays where it is.
  std::vector<Link> up_;
  std::vector<Link> down_;
  Route route_;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_NETWORK_TOPOLOGY_H_
