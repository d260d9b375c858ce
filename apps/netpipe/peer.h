// Peer: one end of a measurement's connection, which knows what comes next: the
// word that both ends wait for, a number, or a message.
//
// Cores: its connection's. Ownership: the network's, as any TcpHandler; its
// owner is told before it goes. Blocks: never.
// Allocates: the descriptors of what is sent.
// Bound: nothing is kept of a message. What is sent is one message at a time,
// as the other end waits for it.
// Errors: what was not expected ends the connection, and is the status that the
// owner is given.
#ifndef EBBRT_APPS_NETPIPE_PEER_H_
#define EBBRT_APPS_NETPIPE_PEER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "apps/netpipe/wire.h"
#include "core/base/types.h"
#include "core/buf/iobuf.h"
#include "core/buf/iobuf_chain.h"
#include "core/event/timer.h"
#include "core/net/network.h"

namespace ebbrt::netpipe {

class Peer : public TcpHandler {
 public:
  // Told once how the measurement has ended, as the connection's last act.
  using Ended = std::function<void(Peer& peer, const absl::Status& status)>;

  // Where nothing moves for so long, the connection is ended: two ends that
  // differ in what they were given may wait for each other.
  Peer(Duration silence_max, Ended ended);

  bool was_open() const { return was_open_; }
  // Ends it at once; `why` is its status, unless it has come to its end before.
  void Abort(const absl::Status& why);

 protected:
  // What the end of a measurement does. Each of the calls that follow says what
  // is expected next.
  virtual void OnOpen() = 0;
  // Sync was expected, and has come, or Quit instead.
  virtual void OnSync() = 0;
  virtual void OnQuit() = 0;
  // The number of repeats that was expected.
  virtual void OnRepeats(uint32_t repeats) = 0;
  // The next part of the message that was expected; `offset` bytes of it have
  // come before.
  virtual void OnPart(IOBufChain part, size_t offset) = 0;
  virtual void OnMessage() = 0;

  void ExpectSync() { Expect(Kind::kSync, kSync.size()); }
  void ExpectRepeats() { Expect(Kind::kRepeats, kRepeatsBytes); }
  // REQUIRES: bytes > 0.
  void ExpectMessage(size_t bytes) { Expect(Kind::kMessage, bytes); }

  // REQUIRES: `data` is not empty, unless memory was refused for it.
  void Send(IOBufChain data);
  void SendSync() { Send(IOBufChain(IOBuf::Static(kSync))); }
  void SendQuit() { Send(IOBufChain(IOBuf::Static(kQuit))); }
  // Nothing further is expected: the connection ends in good order.
  void Finish();

 private:
  void OnConnected(TcpConnection& connection) final;
  void OnReceive(IOBufChain data) final;
  void OnSendReady() final;
  void OnPeerClosed() final;
  void OnClosed(const absl::Status& status) final;

  enum class Kind { kSync, kRepeats, kMessage };

  void OnSilence();
  void Push();
  void Expect(Kind kind, size_t bytes);
  // Take what of `data` belongs to the current expectation.
  void TakeControl(IOBufChain& data);
  void TakeMessage(IOBufChain& data);

  const Duration silence_max_;
  const Ended ended_;
  Timer silence_timer_;
  uint64_t moved_bytes_ = 0;        // In both directions.
  uint64_t moved_bytes_seen_ = 0;   // When the timer fired last.
  TcpConnection* connection_ = nullptr;
  IOBufChain unsent_;
  absl::Status failure_;
  bool was_open_ = false;
  bool finished_ = false;
  bool closed_ = false;
  Kind kind_ = Kind::kSync;
  size_t expected_bytes_ = 0;
  size_t taken_bytes_ = 0;
  std::array<char, kSync.size()> control_;  // What has come of Sync or repeats.
};

}  // namespace ebbrt::netpipe

#endif  // EBBRT_APPS_NETPIPE_PEER_H_
