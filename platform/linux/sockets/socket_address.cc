#include "platform/linux/sockets/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace ebbrt::sockets {
namespace {

absl::StatusCode Code(int error) {
  switch (error) {
    // Of these Abseil thinks otherwise.
    case EADDRINUSE:
      return absl::StatusCode::kAlreadyExists;
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
    case EMSGSIZE:
      return absl::StatusCode::kInvalidArgument;
    case EPIPE:
    case ECONNABORTED:
      return absl::StatusCode::kUnavailable;
    case ENOBUFS:
      return absl::StatusCode::kResourceExhausted;
    default:
      return absl::ErrnoToStatusCode(error);
  }
}

}  // namespace

SocketAddress::SocketAddress(const Endpoint& endpoint) {
  const auto& bytes = endpoint.address.bytes();
  if (endpoint.address.is_v4()) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&storage_);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(endpoint.port);
    constexpr size_t kV4Offset = 12;
    std::memcpy(&v4->sin_addr, bytes.data() + kV4Offset, sizeof(v4->sin_addr));
    length_ = sizeof(*v4);
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage_);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(endpoint.port);
    std::memcpy(&v6->sin6_addr, bytes.data(), sizeof(v6->sin6_addr));
    length_ = sizeof(*v6);
  }
}

Endpoint SocketAddress::ToEndpoint() const {
  if (storage_.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage_);
    std::array<uint8_t, 4> bytes;
    std::memcpy(bytes.data(), &v4->sin_addr, sizeof(bytes));
    return {IpAddress::V4(bytes[0], bytes[1], bytes[2], bytes[3]),
            ntohs(v4->sin_port)};
  }
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage_);
  std::array<uint8_t, 16> bytes;
  std::memcpy(bytes.data(), &v6->sin6_addr, sizeof(bytes));
  return {IpAddress::V6(bytes), ntohs(v6->sin6_port)};
}

Endpoint LocalEndpoint(int socket) {
  SocketAddress address;
  if (getsockname(socket, address.mutable_get(), address.mutable_length()) !=
      0) {
    return {};
  }
  return address.ToEndpoint();
}

Endpoint RemoteEndpoint(int socket) {
  SocketAddress address;
  if (getpeername(socket, address.mutable_get(), address.mutable_length()) !=
      0) {
    return {};
  }
  return address.ToEndpoint();
}

int PendingError(int socket) {
  int error = 0;
  socklen_t length = sizeof(error);
  if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length) != 0) {
    return errno;
  }
  return error;
}

absl::Status SocketError(const Endpoint& endpoint, std::string_view what,
                         int error) {
  return absl::Status(Code(error), endpoint.ToString() + ": " +
                                       std::string(what) + ": " +
                                       std::strerror(error));
}

}  // namespace ebbrt::sockets
