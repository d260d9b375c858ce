// One end of a connection of the memory network.
//
// What its peer sends comes into an inbox and is handled one message after the
// other, even if the handler blocks; so the handler is never entered twice.
//
// Cores: its own. Ownership: of its core's MemoryNetwork, until OnClosed.
// Blocks: only if the handler does. Allocates: a record a segment.
// Bound: the window (core/net/memory_network.h); besides data, a direction
// carries one message at opening, one at closing, and one for each segment
// that was taken.
#ifndef EBBRT_CORE_NET_MEMORY_CONNECTION_H_
#define EBBRT_CORE_NET_MEMORY_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "absl/status/status.h"
#include "core/base/types.h"
#include "core/buf/iobuf_chain.h"
#include "core/event/timer.h"
#include "core/net/endpoint.h"
#include "core/net/network.h"

namespace ebbrt::internal {

class MemoryNetwork;

// What one end tells the other.
struct MemoryMessage {
  enum class Kind : uint8_t {
    kConnect,   // The peer wants to open this connection.
    kAccepted,  // It is open.
    kData,      // The next segment.
    kTaken,     // The handler was given `bytes` of what we had sent.
    kClosed,    // No more data will come.
    kReset,     // The connection is gone.
  };

  Kind kind;
  size_t bytes = 0;
  IOBufChain data = {};
  Time due = Time::min();  // When it arrives.
};

class MemoryConnection final : public TcpConnection {
 public:
  // Names an end within the node; the two of a connection differ in the lowest
  // bit.
  using Key = uint64_t;

  // Who and where the ends are.
  struct Identity {
    Key key;
    CoreId peer_core;
    Endpoint local;
    Endpoint remote;
    // What the accepting end's acceptor listens on.
    Endpoint listening;
  };

  // `handler` is null at the accepting end until the acceptor has made one.
  MemoryConnection(MemoryNetwork& network, const Identity& identity,
                   std::unique_ptr<TcpHandler> handler);

  size_t Send(IOBufChain& data) override;
  size_t SendWindow() const override;
  void SetReceiveWindow(size_t bytes) override;
  void Close() override;
  void Abort() override;
  const Endpoint& local() const override { return identity_.local; }
  const Endpoint& remote() const override { return identity_.remote; }

  // A message has come.
  void Receive(MemoryMessage message);
  // Does all that there is to do at present. Nothing if it is doing so.
  void Pump();

  // The connection is lost: OnClosed(status) follows. Idempotent.
  void Fail(absl::Status status);

  // Calls OnClosed, once the handler is not in a call any more: false, try
  // again when told.
  bool End();

 private:
  bool PumpOnce();
  void Handle(MemoryMessage message);
  void Accept();
  void Deliver();
  // Tells the peer; stamps the message with the time of its arrival.
  void Post(MemoryMessage message);
  bool open() const { return open_ && !failed_; }

  MemoryNetwork& network_;
  const Identity identity_;
  std::unique_ptr<TcpHandler> handler_;

  std::deque<MemoryMessage> inbox_;  // In order of `due`.
  Timer arrival_;                    // Armed for the first of inbox_.
  Time last_due_ = Time::min();      // Of what we have posted.

  IOBufChain undelivered_;  // Has arrived, waits for the handler's window.
  size_t receive_window_ = kUnlimitedWindow;
  size_t unacknowledged_bytes_ = 0;  // Sent and not yet taken by the peer.

  bool open_ = false;
  bool wants_send_ready_ = false;
  bool send_closed_ = false;     // By us.
  bool receive_closed_ = false;  // By the peer; the handler may not know yet.
  bool told_closed_ = false;     // The handler knows.
  bool failed_ = false;          // Gone: `status_` is for OnClosed.
  bool pumping_ = false;         // Maybe blocked in the handler.
  bool end_waits_ = false;       // End has been put off.
  absl::Status status_;
};

}  // namespace ebbrt::internal

#endif  // EBBRT_CORE_NET_MEMORY_CONNECTION_H_
