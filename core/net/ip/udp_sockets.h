// The datagram sockets of one core.
//
// Cores: the interface's own; a socket on another core is found by the ports
// that the cores share. Ownership: a socket is owned by who opened it and may
// outlive the interface; then it sends nothing. Blocks: where a receiver does.
// Allocates: records. Bound: the ports.
// Errors: as core/net/network.h. Source: RFC 768; RFC 1122 section 4.1.
#ifndef EBBRT_CORE_NET_IP_UDP_SOCKETS_H_
#define EBBRT_CORE_NET_IP_UDP_SOCKETS_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/endpoint.h"
#include "core/net/network.h"
#include "core/net/wire/ipv4.h"
#include "core/net/wire/udp.h"

namespace ebbrt::ip {

class Interface;

class UdpSockets {
 public:
  static constexpr size_t kDatagramBytesMax =
      kIpv4PacketBytesMax - kIpv4HeaderBytes - kUdpHeaderBytes;

  explicit UdpSockets(Interface& interface) : interface_(interface) {}
  ~UdpSockets();
  UdpSockets(const UdpSockets&) = delete;
  UdpSockets& operator=(const UdpSockets&) = delete;

  // As Network::OpenUdp.
  absl::StatusOr<std::unique_ptr<UdpSocket>> Open(const Endpoint& local,
                                                  UdpReceiver receiver);

  // Whether a socket of this core receives what is sent to `local`.
  bool Has(const Endpoint& local) const { return Find(local) != nullptr; }
  // Gives a datagram, whose checksum is right, to its socket; false, with the
  // datagram left to the caller: there is none.
  bool Deliver(const Endpoint& from, const Endpoint& to, IOBufChain& data);

 private:
  class Socket;

  Socket* Find(const Endpoint& local) const;
  absl::Status Send(const Endpoint& from, const Endpoint& to,
                    IOBufChain datagram);
  void Close(const Endpoint& local);

  Interface& interface_;
  absl::flat_hash_map<Endpoint, Socket*> sockets_;
};

}  // namespace ebbrt::ip

#endif  // EBBRT_CORE_NET_IP_UDP_SOCKETS_H_
