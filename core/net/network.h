// The network as applications see it: an Ebb, and whatever stands behind it
// (kernel sockets, our own stack, a simulated link) can be exchanged.
//
// Nothing is buffered for the application. What arrives is passed up at once,
// as the buffers that the device filled; what is to be sent is taken only as
// far as the window goes, and the rest stays with the application, which also
// says how much it is willing to receive.
//
// Cores: a connection lives on one core, that which accepted or opened it; all
// calls of it and all calls to its handler are made there, each of the latter
// from an event. Ownership: a connection belongs to the network and is valid
// from OnConnected to the return of OnClosed; its handler belongs to the
// connection and is destroyed after OnClosed. Blocks: never.
// Allocates: buffers, connections. Units: bytes.
// Errors: nothing that a peer does is an error of the program: a connection
// ends with a status.
// Source: paper section 4.6; RFC 9293 (TCP), RFC 768 (UDP).
#ifndef EBBRT_CORE_NET_NETWORK_H_
#define EBBRT_CORE_NET_NETWORK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/async/future.h"
#include "core/buf/iobuf_chain.h"
#include "core/ebb/ebb_id.h"
#include "core/ebb/ebb_ref.h"
#include "core/net/endpoint.h"
#include "core/net/keep_alive.h"

namespace ebbrt {

class TcpConnection {
 public:
  // Takes from the front of `data` as many bytes as may be sent now, without
  // copying, and returns how many. If that is not all, OnSendReady is called
  // once more may be sent; what is left stays in `data`, the caller's to keep.
  // After Close, and once the connection has failed, it takes nothing.
  virtual size_t Send(IOBufChain& data) = 0;

  // About how many bytes Send would take.
  virtual size_t SendWindow() const = 0;

  // How many more bytes the application is willing to be given; each byte
  // passed to OnReceive uses one up. Zero stops the peer (by TCP's own window).
  // A new connection's is kUnlimitedWindow, which never shrinks.
  static constexpr size_t kUnlimitedWindow =
      std::numeric_limits<size_t>::max();
  virtual void SetReceiveWindow(size_t bytes) = 0;

  // Has a peer that says nothing asked whether it is still there; none, as at
  // first: never. A connection whose peer is gone is closed with
  // kDeadlineExceeded. A network whose peers cannot go without a word ignores
  // it. REQUIRES: durations of a millisecond at least; probes.
  virtual void SetKeepAlive(const std::optional<KeepAlive>& keep_alive) {
    (void)keep_alive;
  }

  // Ends our direction once everything taken has been sent. The connection is
  // closed when the peer has ended its own; OnClosed tells, and always comes
  // later, from an event of its own.
  virtual void Close() = 0;
  // Ends the connection at once, with a reset. OnClosed(kCancelled) follows,
  // from an event of its own.
  virtual void Abort() = 0;

  virtual const Endpoint& local() const = 0;
  virtual const Endpoint& remote() const = 0;

 protected:
  ~TcpConnection() = default;
};

// What the application does for one connection.
class TcpHandler {
 public:
  virtual ~TcpHandler() = default;

  // The connection is open. The first call, unless opening failed.
  virtual void OnConnected(TcpConnection& connection) = 0;
  // The next bytes of the stream; never empty.
  virtual void OnReceive(IOBufChain data) = 0;
  // More may be sent, after a Send that did not take all.
  virtual void OnSendReady() {}
  // The peer will send no more. We may still send; Close ends the connection.
  virtual void OnPeerClosed() = 0;
  // The connection is gone: OK after both sides have closed, else why. The
  // last call; also the only one, if the connection could not be opened.
  virtual void OnClosed(const absl::Status& status) = 0;
};

// Makes the handler of a connection that a peer opens; null refuses it. Called
// on the core that accepts, hence on several cores at once: what it captures is
// references to Ebbs and values.
using TcpAcceptor =
    std::function<std::unique_ptr<TcpHandler>(const Endpoint& remote)>;

// Called with each datagram.
using UdpReceiver =
    UniqueFunction<void(const Endpoint& from, IOBufChain datagram)>;

class UdpSocket {
 public:
  virtual ~UdpSocket() = default;  // Closes it; owned by who opened it.

  // Sends one datagram, or drops it: kResourceExhausted where there is no
  // room for it at present, kInvalidArgument where it is too long.
  virtual absl::Status SendTo(const Endpoint& to, IOBufChain datagram) = 0;
  virtual const Endpoint& local() const = 0;
};

// How often something has happened since the network was made, or of how many
// there are at present: "tcp_cookies_sent", "tcp_connections".
struct NetworkCounter {
  std::string_view name;
  uint64_t count;
};

// One core's part of the network.
class Network {
 public:
  virtual ~Network() = default;

  // Accepts connections to `local` on this core; port 0 stands for any free
  // one. Cores that listen on the same endpoint share its connections.
  // Returns the endpoint with its port. Errors: kAlreadyExists if another
  // program has the port, kPermissionDenied, kInvalidArgument; the message
  // names the endpoint.
  virtual absl::StatusOr<Endpoint> ListenTcp(const Endpoint& local,
                                             TcpAcceptor acceptor) = 0;
  // Stops accepting on this core; open connections stay.
  virtual void StopListeningTcp(const Endpoint& local) = 0;

  // Opens a connection from this core. OnConnected or OnClosed of the handler
  // follows, from an event of its own.
  virtual void ConnectTcp(const Endpoint& remote,
                          std::unique_ptr<TcpHandler> handler) = 0;

  // Errors as ListenTcp.
  virtual absl::StatusOr<std::unique_ptr<UdpSocket>> OpenUdp(
      const Endpoint& local, UdpReceiver receiver) = 0;

  // Of this core. The names are the implementation's, and its own to choose;
  // there are none where another keeps count (the kernel, say).
  virtual std::vector<NetworkCounter> Counters() const { return {}; }
};

inline constexpr EbbRef<Network> network{kNetworkId};

// Accepts connections on every core of the node. The future has the endpoint;
// on failure no core is left listening.
Future<Endpoint> ListenTcpOnAllCores(Endpoint local, TcpAcceptor acceptor);

// Network::Counters, of all cores together.
Future<std::map<std::string, uint64_t>> CountersOfAllCores(
    EbbRef<Network> of = network);

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_NETWORK_H_
