// Between our endpoints and the kernel's addresses, and between its errors and
// ours.
//
// Cores: any thread. Blocks: no. Allocates: only messages.
// Source: ip(7), ipv6(7).
#ifndef EBBRT_PLATFORM_LINUX_SOCKETS_SOCKET_ADDRESS_H_
#define EBBRT_PLATFORM_LINUX_SOCKETS_SOCKET_ADDRESS_H_

#include <sys/socket.h>

#include <string_view>

#include "absl/status/status.h"
#include "core/net/endpoint.h"

namespace ebbrt::sockets {

// An address as the kernel takes and gives it.
class SocketAddress {
 public:
  SocketAddress() = default;
  explicit SocketAddress(const Endpoint& endpoint);

  const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&storage_);
  }
  socklen_t length() const { return length_; }

  // For the kernel to fill in.
  sockaddr* mutable_get() { return reinterpret_cast<sockaddr*>(&storage_); }
  socklen_t* mutable_length() { return &length_; }

  int family() const { return storage_.ss_family; }
  // REQUIRES: an internet address.
  Endpoint ToEndpoint() const;

 private:
  sockaddr_storage storage_ = {};
  socklen_t length_ = sizeof(storage_);
};

// Where a socket is bound; the unspecified endpoint where it is nowhere.
Endpoint LocalEndpoint(int socket);
Endpoint RemoteEndpoint(int socket);

// The error that waits on a socket (an errno), which is thereby taken; or zero.
int PendingError(int socket);

// "127.0.0.1:80: cannot listen: Address already in use", with the code that
// core/net/network.h names.
absl::Status SocketError(const Endpoint& endpoint, std::string_view what,
                         int error);

}  // namespace ebbrt::sockets

#endif  // EBBRT_PLATFORM_LINUX_SOCKETS_SOCKET_ADDRESS_H_
