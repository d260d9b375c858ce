// A NIC that is the other end of a Linux TAP device: our own stack in a
// process, with the kernel's stack as its neighbour.
//
// The device is made if there is none of that name, which takes the right to
// administer the network; who made it before may have given it to us. With
// several queues each has a descriptor of its own, and the kernel sends a flow
// to the queue that last sent for it. Checksums and segmentation are passed
// through both ways (virtio-net's header), so that neither stack does what no
// wire needs. Without offloads what passes are the frames of a wire.
//
// Cores: core/net/nic.h; OpenTap on any. Ownership: the caller's.
// Blocks: never. Allocates: a buffer a frame.
// Bound: kFramesPerEvent; how many buffers the stack keeps is its own matter.
// Errors: kPermissionDenied, kNotFound (the kernel has no TAP),
// kInvalidArgument (a device of that name is of another kind), kUnavailable.
// Source: Linux, Documentation/networking/tuntap.rst; virtio 1.2, 5.1.6.
#ifndef EBBRT_PLATFORM_LINUX_NIC_TAP_H_
#define EBBRT_PLATFORM_LINUX_NIC_TAP_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/net/nic.h"

namespace ebbrt::nic {

struct TapOptions {
  std::string device = "ebbrt0";
  uint32_t queue_count = 1;
  // Ours, not that of the kernel's end; all zero: one at random.
  MacAddress address = {};
  bool offloads = true;
};

absl::StatusOr<std::unique_ptr<Nic>> OpenTap(const TapOptions& options);

}  // namespace ebbrt::nic

#endif  // EBBRT_PLATFORM_LINUX_NIC_TAP_H_
