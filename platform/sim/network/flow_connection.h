// One end of a connection of the flow network.
//
// What its peer sends comes into an inbox and is handled one message after the
// other, even if the handler blocks; so the handler is never entered twice.
// What the handler sends in a turn leaves as one message when the turn ends.
//
// Cores: its own. Ownership: of its core's FlowNetwork, until OnClosed.
// Blocks: only if the handler does. Bound: the window (FlowOptions); besides
// data, a direction carries one message at opening, one at closing, and one for
// each half window that was taken.
#ifndef EBBRT_PLATFORM_SIM_NETWORK_FLOW_CONNECTION_H_
#define EBBRT_PLATFORM_SIM_NETWORK_FLOW_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "core/base/intrusive_queue.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/endpoint.h"
#include "core/net/network.h"
#include "platform/sim/network/flow_message.h"

namespace ebbrt::platform {

class FlowNetwork;

class alignas(kCacheLineBytes) FlowConnection final : public TcpConnection,
                                                      public ListLink {
 public:
  // `handler` is null at the accepting end until the acceptor has made one. The
  // connection's place in the world is its own to find.
  FlowConnection(FlowNetwork& network, FlowAddress self,
                 const Endpoint& local, const Endpoint& remote,
                 std::unique_ptr<TcpHandler> handler);
  ~FlowConnection();

  size_t Send(IOBufChain& data) override;
  size_t SendWindow() const override;
  void SetReceiveWindow(size_t bytes) override;
  void Close() override;
  void Abort() override;
  const Endpoint& local() const override { return local_; }
  const Endpoint& remote() const override { return remote_; }

  uint64_t key() const { return self_.key; }
  // As SimAction::Fetch: step 2 the connection, step 3 what it calls and sends
  // to.
  void Fetch(int step) const;

  // Asks the other end's node to open.
  void Connect(uint32_t node);
  // Opens as the end that accepts.
  void Accept(const FlowAddress& peer, const Endpoint& listening);
  // A message has come, which is the connection's from now on.
  void Receive(FlowMessage* message);
  // Does all that there is to do at present. Nothing if it is doing so.
  void Pump();
  // Data has come for the core, which may be at work: true if it is read with
  // data that waits already.
  bool AddToWaiting(FlowMessage& message);
  // The turn has ended: what it has left to send is sent.
  void Leave();

  // The connection is lost: OnClosed(status) follows. Idempotent.
  void Fail(absl::Status status);
  // Calls OnClosed, once the handler is not in a call any more: false, try
  // again when told.
  bool End();

 private:
  void DropInbox();
  bool PumpOnce();
  void Handle(FlowMessage& message);
  void Deliver();
  void Taken(size_t bytes);
  void Post(FlowMessage::Kind kind, IOBufChain data = {}, size_t bytes = 0);
  void LeaveLater();
  bool open() const { return open_ && !failed_; }

  // What a message touches stands first, and is kLinesFetched.
  static constexpr size_t kLinesFetched = 4;

  FlowNetwork& network_;
  std::unique_ptr<TcpHandler> handler_;
  IntrusiveQueue<SimInterrupt> inbox_;  // Messages, in order.
  uint32_t next_sent_ = 0;
  uint32_t next_received_ = 0;
  IOBufChain outgoing_;     // To leave when the turn ends.
  IOBufChain undelivered_;  // Has arrived, waits for the handler's window.

  bool open_ = false;
  bool wants_send_ready_ = false;
  bool send_closed_ = false;     // By us.
  bool close_leaves_ = false;    // ... and the peer is still to be told.
  bool receive_closed_ = false;  // By the peer; the handler may not know yet.
  bool told_closed_ = false;     // The handler knows.
  bool failed_ = false;          // Gone: `status_` is for OnClosed.
  bool pumping_ = false;         // Maybe blocked in the handler.
  bool end_waits_ = false;       // End has been put off.
  bool ended_ = false;           // The peer knows, or will be told.
  size_t receive_window_ = kUnlimitedWindow;
  size_t unacknowledged_bytes_ = 0;  // Sent and not known to be taken.
  size_t untold_bytes_ = 0;  // Taken, and the peer was not told yet.
  std::vector<FlowMessage*> early_;  // That came before one sent before.
  FlowAddress self_;
  FlowAddress peer_;  // Its key is 0 until it is known.

  FlowMessage* waiting_ = nullptr;  // The last data, until its core takes it.
  const Endpoint local_;
  const Endpoint remote_;
  absl::Status status_;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_NETWORK_FLOW_CONNECTION_H_
