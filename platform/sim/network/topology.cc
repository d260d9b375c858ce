#include "platform/sim/network/topology.h"

#include <string>

namespace ebbrt::platform {

StarTopology::StarTopology(const std::vector<LinkOptions>& options) {
  route_.count = 2;
  up_.reserve(options.size());
  down_.reserve(options.size());
  for (const LinkOptions& one : options) {
    std::string name = std::to_string(up_.size());
    up_.emplace_back("up " + name, one);
    down_.emplace_back("down " + name, one);
  }
}

const Route& StarTopology::Find(uint32_t from, uint32_t to) {
  route_.links[0] = &up_[from];
  route_.links[1] = &down_[to];
  return route_;
}

}  // namespace ebbrt::platform
