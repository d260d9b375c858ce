// A network within one node, made of events: for tests on every platform, and
// the simulator's network within a machine.
//
// It keeps the interface's promises (core/net/network.h) and nothing more: it
// cuts the stream where it likes, holds bytes back, comes late, and loses
// connections, all drawn from a seed, so that an application which passes over
// it has not relied on the kindness of a loopback device.
//
// Any address belongs to the node; an endpoint that listens on the unspecified
// address takes what no other endpoint of that port does.
//
// Cores: InstallMemoryNetwork on any core, before the first use of `network`.
// Ownership: the node's. Blocks: no. Allocates: a record a segment.
// Bound: window_bytes a direction of a connection; kDatagramsMax a core.
// Units: bytes, Duration. Errors: kUnavailable for a connection that was
// refused or reset.
#ifndef EBBRT_CORE_NET_MEMORY_NETWORK_H_
#define EBBRT_CORE_NET_MEMORY_NETWORK_H_

#include <cstddef>
#include <cstdint>

#include "core/base/types.h"

namespace ebbrt {

struct MemoryNetworkOptions {
  // What everything below is drawn from.
  uint64_t seed = 1;

  // How long anything travels: `delay`, and up to `jitter` more. The segments
  // of one direction of a connection keep their order; all else may overtake.
  Duration delay{};
  Duration jitter{};

  // At most this many bytes of a direction have been taken from the sender and
  // not yet been given to the receiver's handler. REQUIRES: at least 1.
  size_t window_bytes = 256 * kKiB;
  // What is sent is cut into segments of at most this size (REQUIRES: at least
  // 1), or, `cut_randomly`, at random into ones of 1 to this many bytes.
  size_t segment_bytes_max = 64 * kKiB;
  bool cut_randomly = false;

  // Probabilities. Of a datagram to be lost, and of a segment to come
  // kRetransmissionDelay late for having been lost once;
  double loss = 0;
  // that sending a segment loses both ends the connection;
  double reset = 0;
  // that a connection is refused, whoever listens.
  double refuse = 0;

  static constexpr Duration kRetransmissionDelay =
      std::chrono::milliseconds(200);
};

// Datagrams under way to one core; more are dropped.
inline constexpr size_t kDatagramsMax = 4096;

// Makes kNetworkId name a memory network.
void InstallMemoryNetwork(const MemoryNetworkOptions& options = {});

// Ends of connections on the calling core, also those not open yet or being
// closed. REQUIRES: a memory network is installed.
size_t MemoryConnectionCount();

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_MEMORY_NETWORK_H_
