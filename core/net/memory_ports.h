// Who has which endpoint of a memory network's node.
//
// Cores: any. Blocks: its lock is held for a table operation.
// Allocates: yes. Bound: the ports. Errors: kAlreadyExists, and
// kResourceExhausted where no port is free; both name the endpoint.
#ifndef EBBRT_CORE_NET_MEMORY_PORTS_H_
#define EBBRT_CORE_NET_MEMORY_PORTS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/random.h"
#include "core/base/spin_lock.h"
#include "core/base/types.h"
#include "core/net/endpoint.h"

namespace ebbrt::internal {

class MemoryPorts {
 public:
  // Ports from here on are given to those who ask for any (RFC 6335, 6).
  static constexpr uint16_t kFirstDynamicPort = 49152;
  static constexpr uint32_t kDynamicPorts = 65536 - kFirstDynamicPort;

  // Who has an endpoint: a core, and what it knows it by there.
  struct Owner {
    CoreId core;
    uint64_t key;
  };
  struct Found {
    Endpoint bound;
    Owner owner;
  };

  // Gives `endpoint` to a core, which shares it with others; port 0 stands for
  // a free one. Returns it with its port.
  absl::StatusOr<Endpoint> Bind(const Endpoint& endpoint, Owner owner);
  void Unbind(const Endpoint& endpoint, CoreId core);

  // One of those who have `endpoint`, by its own address or the unspecified
  // one. None if nobody does.
  std::optional<Found> Find(const Endpoint& endpoint, Random& random);

 private:
  using Table = std::map<Endpoint, std::vector<Owner>>;

  bool PortIsFree(uint16_t port) const;

  SpinLock lock_;  // Guards all below.
  Table table_;
  uint32_t next_dynamic_ = 0;
};

}  // namespace ebbrt::internal

#endif  // EBBRT_CORE_NET_MEMORY_PORTS_H_
