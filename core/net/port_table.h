// Who has which endpoint of a node, of one protocol.
//
// Cores: any. Blocks: its lock is held for a table operation.
// Allocates: yes. Bound: the ports. Errors: kAlreadyExists, and
// kResourceExhausted where no port is free; both name the endpoint.
#ifndef EBBRT_CORE_NET_PORT_TABLE_H_
#define EBBRT_CORE_NET_PORT_TABLE_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/random.h"
#include "core/base/spin_lock.h"
#include "core/base/types.h"
#include "core/net/endpoint.h"

namespace ebbrt {

class PortTable {
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

  // For who looks often: a copy of the whole, and a number that another one
  // takes the place of whenever it is no longer what is there.
  using Table = std::map<Endpoint, std::vector<Owner>>;
  Table Copy();
  uint64_t version() const {
    // Acquire: whoever was told of a change sees it.
    return version_.load(std::memory_order_acquire);
  }

 private:
  void Changed() {
    // Release: pairs with version(). The lock is held.
    version_.store(version_.load(std::memory_order_relaxed) + 1,
                   std::memory_order_release);
  }

  bool PortIsFree(uint16_t port) const;

  SpinLock lock_;  // Guards all below.
  Table table_;
  uint32_t next_dynamic_ = 0;
  std::atomic<uint64_t> version_{1};
};

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_PORT_TABLE_H_
