// The flows that live on another core than their home, as the home knows them.
//
// Where only some cores listen on an endpoint, a connection's home may not be
// among them. It then sends the first segment to one of those that listen, and
// remembers which, since who listens may change while the connection lasts.
//
// Cores: one: the home. Ownership: values. Blocks: never. Allocates: Add.
// Bound: kFlowsMax, of which the one unused for longest gives way; a core to
// which a segment comes for a flow that it does not have says so (Forget).
// Errors: none.
#ifndef EBBRT_CORE_NET_IP_AWAY_FLOWS_H_
#define EBBRT_CORE_NET_IP_AWAY_FLOWS_H_

#include <cstddef>
#include <list>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "core/base/types.h"
#include "core/net/ip/flow.h"

namespace ebbrt::ip {

class AwayFlows {
 public:
  static constexpr size_t kFlowsMax = 16384;

  bool empty() const { return places_.empty(); }
  std::optional<CoreId> Find(const Flow& flow) {
    auto found = places_.find(flow);
    if (found == places_.end()) return std::nullopt;
    by_use_.splice(by_use_.end(), by_use_, found->second);
    return found->second->second;
  }
  // REQUIRES: Find finds none.
  void Add(const Flow& flow, CoreId core) {
    if (places_.size() == kFlowsMax) {
      const Flow oldest = by_use_.front().first;
      Forget(oldest);
    }
    places_[flow] = by_use_.insert(by_use_.end(), {flow, core});
  }
  void Forget(const Flow& flow) {
    auto found = places_.find(flow);
    if (found == places_.end()) return;
    by_use_.erase(found->second);
    places_.erase(found);
  }
  size_t size() const { return places_.size(); }

 private:
  using Flows = std::list<std::pair<Flow, CoreId>>;
  // Invariant: places_ has what by_use_ has; the latest used is last.
  Flows by_use_;
  absl::flat_hash_map<Flow, Flows::iterator> places_;
};

}  // namespace ebbrt::ip

#endif  // EBBRT_CORE_NET_IP_AWAY_FLOWS_H_
