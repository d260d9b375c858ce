// NICs that are wired to each other in a node's memory: what our own stack is
// tested on first, in virtual time.
//
// A frame goes to the NIC that has its destination address, and one to a group
// to all others; nobody else sees it, unless it is promiscuous. It arrives as a
// copy, in one buffer, with its checksums filled in, on the queue that its flow
// hashes to.
//
// Cores: Attach and SetUp on any; queues as core/net/nic.h. Ownership: the NICs
// share what is between them. Blocks: never. Allocates: a buffer a frame.
// Bound: CableOptions::frames_max a queue; what is more is dropped.
// Units: bytes, Duration. Errors: none.
#ifndef EBBRT_CORE_NET_LINK_CABLE_H_
#define EBBRT_CORE_NET_LINK_CABLE_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/base/types.h"
#include "core/net/nic.h"

namespace ebbrt {

// Of one NIC.
struct CableOptions {
  MacAddress address = {};
  size_t mtu = 1500;
  uint32_t queue_count = 1;
  bool transmit_checksum = false;
  size_t segmentation_bytes_max = 0;
  // Says which queue a flow comes to (Nic::QueueOf).
  bool tells_queues = false;
  // Receives what is for others, too.
  bool promiscuous = false;
  // How long a frame travels to this NIC.
  Duration delay{};
  // Frames that it has not received yet, and frames that it takes between two
  // Flushes.
  size_t frames_max = 1024;
};

class Cable {
 public:
  Cable();
  ~Cable();

  std::unique_ptr<Nic> Attach(const CableOptions& options);

  // Pulls it, or puts it back: all NICs are told. What is sent while it is
  // down is lost; at first it is up.
  void SetUp(bool up);

 private:
  class State;
  class Port;
  class Queue;

  const std::shared_ptr<State> state_;
};

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_LINK_CABLE_H_
