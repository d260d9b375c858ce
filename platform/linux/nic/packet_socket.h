// A NIC that shares a network device of Linux with the kernel, by packet
// sockets: our own stack on a real wire, under an address of its own.
//
// The device also receives for our address; the kernel's stack, which has
// another one, does not answer for it. With several queues the kernel spreads
// flows over them by their hash.
//
// Cores: core/net/nic.h; OpenPacketSocket on any. Ownership: the caller's.
// Blocks: never. Allocates: a buffer a frame. Bound: as DescriptorQueue.
// Errors: kPermissionDenied (it takes CAP_NET_RAW), kNotFound (no such
// device), kInvalidArgument.
// Source: packet(7); Linux, Documentation/networking/packet_mmap.rst (fanout).
#ifndef EBBRT_PLATFORM_LINUX_NIC_PACKET_SOCKET_H_
#define EBBRT_PLATFORM_LINUX_NIC_PACKET_SOCKET_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/net/nic.h"

namespace ebbrt::nic {

struct PacketSocketOptions {
  std::string device;
  uint32_t queue_count = 1;
  MacAddress address = {};  // All zero: one at random.
};

absl::StatusOr<std::unique_ptr<Nic>> OpenPacketSocket(
    const PacketSocketOptions& options);

}  // namespace ebbrt::nic

#endif  // EBBRT_PLATFORM_LINUX_NIC_PACKET_SOCKET_H_
