// What our own stack asks of a network interface controller, and all that it
// asks. A NIC knows frames and nothing of what is in them, except where it
// offers to do the stack's sums.
//
// A NIC has one or more queue pairs. Each is opened by one core, lives on that
// core, and passes what it receives to that core's NicReceiver, as interrupts
// of the platform: several frames one after the other, each as a buffer that
// the device filled. Where there are fewer queues than cores the stack passes
// frames on between cores; a NIC never does.
//
// Cores: a Nic's constant facts may be read on any core; a queue is used on the
// core that opened it, from events. Ownership: the Nic owns its queues; a
// frame belongs to whom it was passed to, and so does its memory: a device
// lends buffers (core/buf/iobuf.h), has a bound on how many, and drops what
// arrives when all are out. Blocks: never. Allocates: receive buffers, up to
// the device's bound. Units: bytes.
// Errors: nothing that a device or a peer writes stops the system: what makes
// no sense is dropped and counted.
// Source: IEEE 802.3; virtio 1.2 section 5.1.6 (checksum and segmentation).
#ifndef EBBRT_CORE_NET_NIC_H_
#define EBBRT_CORE_NET_NIC_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/buf/iobuf_chain.h"

namespace ebbrt {

// Six bytes, in the order in which they are sent.
struct MacAddress {
  std::array<uint8_t, 6> bytes = {};
  friend constexpr auto operator<=>(const MacAddress&,
                                    const MacAddress&) = default;
};

// Constant while the NIC lives.
struct NicFacts {
  std::string_view name;  // For people: "virtio-net 00:03.0".
  MacAddress address;
  // The longest frame is mtu and the Ethernet header, without its check
  // sequence, which is the device's.
  size_t mtu = 1500;
  uint32_t queue_count = 1;
  // Fills in the Internet checksum of a frame that asks for it.
  bool transmit_checksum = false;
  // Sends a frame of up to this many bytes as TCP/IPv4 segments. 0: does not.
  size_t segmentation_bytes_max = 0;
  // How many buffers a frame may consist of.
  size_t buffers_max = 16;
};

// What a frame to be sent asks of the device; all zero: nothing.
struct TransmitRequest {
  // The Internet checksum over [checksum_begin, end) is stored at checksum_at,
  // both offsets in the frame; there stands the sum of the pseudo-header.
  uint16_t checksum_begin = 0;
  uint16_t checksum_at = 0;  // 0: no checksum.
  // Cut the payload behind the first header_bytes into pieces of at most
  // segment_bytes, each with headers of its own (TCP over IPv4; it asks for the
  // checksum as well).
  uint16_t header_bytes = 0;
  uint16_t segment_bytes = 0;  // 0: as it is.
};

// What the device found out about a frame that it received.
struct ReceiveReport {
  // Transport and IP checksums were verified, or the frame comes from a
  // neighbour on the same machine that never computed them. Otherwise nobody
  // has looked.
  bool checksum_good = false;
};

// One core's side of a queue pair.
class NicReceiver {
 public:
  // A frame, from the destination address on. Its length is whatever came.
  virtual void OnFrame(IOBufChain frame, const ReceiveReport& report) = 0;
  // After a burst of OnFrame: acknowledgements that wait for company go now.
  virtual void OnFramesEnd() = 0;
  // There is room again after a Transmit that found none.
  virtual void OnTransmitReady() = 0;
  // The link came up or went down.
  virtual void OnLink(bool up) = 0;

 protected:
  ~NicReceiver() = default;
};

class NicQueue {
 public:
  // Takes the frame, which leaves at the latest with the next Flush, and keeps
  // its buffers until the device has read them. False, with the frame left to
  // the caller: there is no room; OnTransmitReady will tell.
  // REQUIRES: a frame of no more bytes and buffers than the facts allow, whose
  // first 64 bytes, or all, stand in its first buffer.
  virtual bool Transmit(IOBufChain& frame, const TransmitRequest& request) = 0;
  // Tells the device of all that Transmit took: one notification for a burst.
  virtual void Flush() = 0;
  // Whether the link is up.
  virtual bool link_up() const = 0;
  // Calls its receiver no more, and gives back what belongs to its core: the
  // node ends. On its core; the last call. (A device that ends with the
  // machine has nothing to do.)
  virtual void Close() {}

 protected:
  ~NicQueue() = default;
};

class Nic {
 public:
  virtual ~Nic() = default;

  virtual const NicFacts& facts() const = 0;

  // Opens queue `queue` for the calling core; receiving begins. The receiver
  // lives until NicQueue::Close.
  // Errors: kOutOfRange, kAlreadyExists, kResourceExhausted.
  virtual absl::StatusOr<NicQueue*> OpenQueue(uint32_t queue,
                                              NicReceiver& receiver) = 0;
  // Which queue receives a TCP/IPv4 frame of these addresses and ports (from
  // the peer's side: source first), where the device decides by a hash that we
  // know; so that a connection is opened from a port whose replies come home.
  // kQueueUnknown: it cannot be told.
  static constexpr uint32_t kQueueUnknown = ~uint32_t{0};
  virtual uint32_t QueueOf(uint32_t source, uint32_t destination,
                           uint16_t source_port,
                           uint16_t destination_port) const {
    (void)source, (void)destination, (void)source_port, (void)destination_port;
    return kQueueUnknown;
  }
};

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_NIC_H_
