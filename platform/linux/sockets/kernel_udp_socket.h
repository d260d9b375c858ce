// Datagrams over a kernel socket.
//
// Each is received into one buffer of the core and then copied into an IOBuf of
// its own size: datagrams are mostly small, and their buffers would have to be
// as large as the largest.
//
// Cores: its own. Ownership: the application's. Blocks: never.
// Allocates: a datagram. Bound: kDatagramsPerEvent before others have their
// turn; what comes faster is dropped by the kernel.
#ifndef EBBRT_PLATFORM_LINUX_SOCKETS_KERNEL_UDP_SOCKET_H_
#define EBBRT_PLATFORM_LINUX_SOCKETS_KERNEL_UDP_SOCKET_H_

#include <memory>

#include "absl/status/statusor.h"
#include "core/net/network.h"
#include "platform/linux/kernel_events.h"

namespace ebbrt::sockets {

inline constexpr int kDatagramsPerEvent = 64;

absl::StatusOr<std::unique_ptr<UdpSocket>> OpenKernelUdpSocket(
    platform::internal::KernelEvents& events, const Endpoint& local,
    UdpReceiver receiver);

}  // namespace ebbrt::sockets

#endif  // EBBRT_PLATFORM_LINUX_SOCKETS_KERNEL_UDP_SOCKET_H_
