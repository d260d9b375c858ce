// One TCP connection: its states, and how they follow from segments, calls and
// time.
//
//   connection.cc          what the application and the Engine ask
//   connection_open.cc     the handshake
//   connection_input.cc    a segment of an open connection
//   connection_output.cc   segments to be sent, and the window they advertise
//   connection_timer.cc    what is due
//   connection_handler.cc  what the handler is told
//
// There are no states LISTEN and TIME-WAIT: a Listener and a TimeWait are
// objects of their own.
//
// Cores: its Host's. Ownership: the Engine's, until OnClosed has returned.
// Blocks: only where its handler does; then it may be entered again.
// Allocates: views of payload. Bound: core/net/tcp/options.h.
// Units: bytes, Time, Sequence. Errors: it ends with a status.
// Source: RFC 9293 section 3.10; RFC 7323; RFC 5961; RFC 3168.
#ifndef EBBRT_CORE_NET_TCP_CONNECTION_H_
#define EBBRT_CORE_NET_TCP_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "core/base/types.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/endpoint.h"
#include "core/net/network.h"
#include "core/net/tcp/deadline_heap.h"
#include "core/net/tcp/engine.h"
#include "core/net/tcp/flow_table.h"
#include "core/net/tcp/receive_queue.h"
#include "core/net/tcp/sender.h"
#include "core/net/tcp/sequence.h"
#include "core/net/tcp/syn_cookie.h"
#include "core/net/tcp/timestamp_clock.h"
#include "core/net/wire/tcp_header.h"

namespace ebbrt::tcp {

class Connection final : public TcpConnection,
                         public Flow,
                         public DeadlineEntry,
                         public AllLink,
                         public BurstLink,
                         public DeferredLink {
 public:
  // No peer's segment size counts for less: it would have us send headers.
  static constexpr uint16_t kSegmentBytesMin = 88;
  // Nor is ICMP believed below this: who forges it could do much with little.
  static constexpr uint16_t kPathSegmentBytesMin = 512;
  // What a peer that names none takes: RFC 9293 section 3.7.1.
  static constexpr uint16_t kSegmentBytesDefault = 536;
  // Challenges to a peer in kChallengePeriod: RFC 5961 section 7. The count is
  // the connection's own, so that it tells nothing of others.
  static constexpr uint32_t kChallengesMax = 10;
  static constexpr Duration kChallengePeriod = std::chrono::seconds(5);

  Connection(Engine& engine, const FlowKey& key);
  ~Connection() = default;

  // TcpConnection.
  size_t Send(IOBufChain& data) override;
  size_t SendWindow() const override;
  void SetReceiveWindow(size_t bytes) override;
  void SetKeepAlive(const std::optional<KeepAlive>& keep_alive) override;
  void Close() override;
  void Abort() override;
  const Endpoint& local() const override { return key.local; }
  const Endpoint& remote() const override { return key.remote; }

  // Sends a SYN.
  void OpenActive(std::unique_ptr<TcpHandler> handler, Time now);
  // Answers a peer's SYN, with a sequence number behind `after`, if any.
  void OpenPassive(const TcpHeader& syn, Ecn ecn,
                   std::optional<Sequence> after, Time now);
  // The peer has answered a cookie with `header`. False: no memory.
  bool OpenFromCookie(const TcpHeader& header, uint16_t segment_bytes,
                      const SynCookies::OfferedOptions& offered, Time now);

  void OnSegment(const TcpHeader& header, IOBufChain&& payload, Ecn ecn,
                 Time now);
  void OnBurstEnd(Time now);
  void OnTimer(Time now);
  void RunDeferred();
  void OnPathMtu(Sequence sequence, uint16_t segment_bytes_max, Time now);
  void OnUnreachable(Sequence sequence, bool refused);
  void OnAddressLost();

  const Sender& sender() const { return sender_; }

 private:
  enum class State : uint8_t {
    kSynSent,
    kSynReceived,
    kEstablished,
    kFinWait1,
    kFinWait2,
    kCloseWait,
    kClosing,
    kLastAck,
    kClosed,
  };

  bool open() const {
    return state_ >= State::kEstablished && state_ != State::kClosed;
  }
  // The peer's direction has not ended.
  bool receives() const {
    return state_ == State::kEstablished || state_ == State::kFinWait1 ||
           state_ == State::kFinWait2;
  }

  // connection_open.cc
  void SetOptions(const TcpHeader& syn);
  void SendSyn(Time now);
  void ArmHandshakeTimer(Time now);
  bool Establish(Sequence acknowledgment, uint32_t window, Time now);
  void OnSegmentInSynSent(const TcpHeader& header, Ecn ecn, Time now);
  bool OnAckInSynReceived(const TcpHeader& header, Time now);
  bool EcnSetUp(const TcpHeader& header) const;

  // connection_input.cc
  bool Acceptable(const TcpHeader& header, Sequence sequence,
                  uint32_t length) const;
  bool PassesTimestamps(const TcpHeader& header, Time now);
  void OnUnacceptable(const TcpHeader& header, Sequence sequence,
                      uint32_t length, Time now);
  bool OnReset(Sequence sequence, Time now);
  bool OnAck(const TcpHeader& header, Sequence sequence, bool pure, Time now);
  void OnText(const TcpHeader& header, Sequence sequence, IOBufChain&& payload,
              Time now);
  void OnFinAcknowledged(Time now);
  void OnPeerFin(Time now);
  void EnterTimeWait(Time now);

  // connection_output.cc
  void Emit(uint8_t flags, Sequence sequence, const IOBufChain& payload,
            uint16_t segment_bytes, Ecn ecn, Time now);
  void FillOptions(TcpHeader& header, size_t payload_bytes, Time now);
  void SendAck(Time now);
  void SendReset();
  void Challenge(Time now);
  void EmitSegment(const SentSegment& segment, bool again, bool push, Time now);
  void Retransmit(Time now);
  void TrySendFin(Time now);
  uint32_t WindowRoom() const;
  void MoveWindowEdge();
  uint16_t WindowField() const;
  uint32_t AckThreshold() const { return 2 * sender_.segment_bytes(); }

  // connection_timer.cc
  void UpdateTimer();
  void OnHandshakeTimer(Time now);
  void OnSenderTimer(Time now);
  void ArmKeepAlive(Time now);
  void OnKeepAliveTimer(Time now);

  // connection_handler.cc
  void Pump();
  bool PumpOnce();
  void Accept();
  void Deliver();

  // Ends it: OnClosed(status) follows. Idempotent.
  void End(const absl::Status& status);
  void EndIfBothClosed();
  bool Consistent();

  Engine& engine_;
  std::unique_ptr<TcpHandler> handler_;
  Sender sender_;
  ReceiveQueue receive_;
  TimestampClock clock_;

  size_t receive_window_ = kUnlimitedWindow;  // The application's.
  size_t untaken_bytes_ = 0;    // What Send left: OnSendReady is to follow.
  Sequence window_edge_;        // What we have advertised; never goes back.
  Sequence last_acknowledged_;  // What our last segment acknowledged.
  Sequence initial_sequence_;
  uint32_t timestamp_recent_ = 0;
  Time timestamp_recent_at_{};

  Time handshake_deadline_ = kTimeNever;
  Time acknowledgment_deadline_ = kTimeNever;
  std::optional<KeepAlive> keep_alive_;
  Time keep_alive_deadline_ = kTimeNever;
  Time last_heard_{};
  Time opened_at_{};  // When the first SYN was sent.
  Time challenge_period_began_{-kChallengePeriod};
  uint32_t challenges_ = 0;
  uint32_t keep_alives_sent_ = 0;
  uint32_t syns_sent_ = 0;
  uint32_t syn_timeouts_ = 0;

  absl::Status status_;
  uint16_t path_segment_bytes_ = kSegmentBytesDefault;
  uint16_t peer_segment_bytes_ = kSegmentBytesDefault;
  State state_ = State::kClosed;
  uint8_t window_shift_ = 0;  // Ours.
  uint8_t peer_window_shift_ = 0;

  bool passive_ = false;         // The peer opened it.
  bool timestamps_ = false;
  bool sack_ = false;
  bool scales_ = false;
  bool ecn_ = false;
  bool ecn_echo_ = false;        // Congestion was seen and not yet answered.
  bool acknowledge_now_ = false; // At the burst's end.
  bool close_wanted_ = false;
  bool fin_sent_ = false;
  bool starved_ = false;         // Memory was refused: try again later.
  bool told_connected_ = false;
  bool told_peer_closed_ = false;
  bool half_open_counted_ = false;
  bool unreachable_ = false;     // ICMP said so.
  bool in_handler_ = false;      // A call of it has not returned.
  bool ended_ = false;           // status_ is for OnClosed.
};

}  // namespace ebbrt::tcp

#endif  // EBBRT_CORE_NET_TCP_CONNECTION_H_
