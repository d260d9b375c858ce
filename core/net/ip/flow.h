// Whose packet it is: the addresses and ports of a flow, seen from here.
//
// Cores: any. Ownership: a value. Blocks, allocates: never. Errors: none.
#ifndef EBBRT_CORE_NET_IP_FLOW_H_
#define EBBRT_CORE_NET_IP_FLOW_H_

#include <cstdint>
#include <utility>

#include "core/base/random.h"
#include "core/net/wire/ipv4_address.h"

namespace ebbrt::ip {

struct Flow {
  Ipv4Address local;
  Ipv4Address remote;
  uint16_t local_port = 0;
  uint16_t remote_port = 0;

  friend constexpr bool operator==(const Flow&, const Flow&) = default;
  template <typename H>
  friend H AbslHashValue(H hash, const Flow& flow) {
    return H::combine(std::move(hash), flow.local, flow.remote,
                      flow.local_port, flow.remote_port);
  }
};

// Spreads flows evenly; who does not know `secret` cannot choose where to.
constexpr uint64_t HashOf(const Flow& flow, uint64_t secret) {
  const uint64_t addresses =
      uint64_t{flow.local.value()} << 32 | flow.remote.value();
  const uint64_t ports = uint64_t{flow.local_port} << 16 | flow.remote_port;
  return MixBits(MixBits(addresses ^ secret) ^ ports);
}

}  // namespace ebbrt::ip

#endif  // EBBRT_CORE_NET_IP_FLOW_H_
