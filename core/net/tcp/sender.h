// The sending half of a connection: what may be sent, what must be sent again,
// and when.
//
// It decides, and its Connection sends: of each acknowledgment and timer it
// says what follows. Detection of loss is RACK's where the peer acknowledges
// selectively and NewReno's where it does not; the window is that of a
// CongestionControl, guided by PRR while losses are repaired.
//
//             loss            acknowledged up to where it began
//   kOpen --------> kRecovery ---------------------------------> kOpen
//     | '--ECN----> kReduced ----------------------------------->
//     '---timeout-> kTimeout ----------------------------------->
//
// Cores: one. Ownership: owns what is unacknowledged. Blocks: never.
// Allocates: as SendQueue; the CongestionControl at its start.
// Bound: Options::send_bytes_max, SendQueue::kSegmentsMax. Units: bytes, Time.
// Errors: false or null where memory is refused.
// Source: RFC 5681, 6298, 6582, 6675, 6937, 8985 (sections 6, 7), 3522 (Eifel),
// 3168 section 6.1.2; RFC 9293 sections 3.8.6.1, 3.8.6.2.1.
#ifndef EBBRT_CORE_NET_TCP_SENDER_H_
#define EBBRT_CORE_NET_TCP_SENDER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "core/base/types.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/tcp/congestion_control.h"
#include "core/net/tcp/options.h"
#include "core/net/tcp/pool.h"
#include "core/net/tcp/prr.h"
#include "core/net/tcp/rack.h"
#include "core/net/tcp/rtt.h"
#include "core/net/tcp/send_queue.h"
#include "core/net/tcp/sequence.h"
#include "core/net/tcp/timestamp_clock.h"
#include "core/net/wire/tcp_header.h"

namespace ebbrt::tcp {

// What of an acceptable segment concerns the sender.
struct AckInput {
  Sequence sequence;
  Sequence acknowledgment;
  uint32_t window = 0;  // Scaled.
  std::span<const TcpSackBlock> sacks;
  std::optional<uint32_t> echo;  // Of its timestamps.
  bool congestion = false;       // ECE.
  bool pure = false;             // Without data, SYN, FIN.
};

// What a timer asks for.
enum class TimerAction : uint8_t {
  kNone,
  kRetransmit,   // NextRetransmission has something,
  kTimeout,      // and the same, as nothing was heard for so long.
  kProbeTail,    // TailProbe has something.
  kProbeWindow,  // Ask the peer for its window, or offer it a little.
  kGiveUp,       // The peer does not answer any more.
};

class Sender {
 public:
  Sender(const Options& options, Pool<SentSegment>& pool)
      : options_(options), queue_(pool) {}

  // What the handshake found out.
  struct Start {
    Sequence next;  // The first byte's.
    uint32_t segment_bytes;
    uint32_t cut_bytes_max;  // Path::cut_bytes_max.
    uint32_t window;         // The peer's.
    Sequence window_from;    // The segment that told it.
    bool sack;
    bool ecn;
    bool syn_retransmitted;
    TimestampClock clock;
    std::optional<Duration> rtt;
  };
  // False: no memory.
  bool Begin(const Start& start, Time now);

  Sequence una() const { return queue_.una(); }
  Sequence nxt() const { return queue_.nxt(); }
  uint32_t outstanding_bytes() const { return queue_.outstanding_bytes(); }
  uint32_t segment_bytes() const { return segment_bytes_; }
  uint32_t peer_window_max() const { return peer_window_max_; }
  const CongestionControl& congestion() const { return *congestion_; }
  const RttEstimator& rtt() const { return rtt_; }
  const SendQueue& queue() const { return queue_; }
  bool ecn() const { return ecn_; }

  // An acknowledgment in [una(), nxt()]. True: it moved una().
  bool OnAck(const AckInput& input, Time now);

  // How many bytes may be sent now.
  uint32_t Usable() const;
  // How many of `available` bytes the next segment should have: 0, none yet.
  uint32_t NextBytes(size_t available) const;
  // Takes the first `bytes` of `data` as the next segment, sent now; null: no
  // memory. REQUIRES: bytes <= NextBytes(data.length()).
  SentSegment* SendData(IOBufChain& data, uint32_t bytes, Time now);
  // Null: it has to wait.
  SentSegment* SendFin(Time now);
  // The application has more than may be sent, or no more.
  void SetBlocked(bool blocked, Time now);

  // The next one to be sent again, as if it were; null: none may be now.
  SentSegment* NextRetransmission(Time now);
  // The youngest, sent again to have the peer tell what it has. May be null.
  SentSegment* TailProbe(Time now);

  // kTimeNever: nothing is due ever.
  Time deadline() const { return deadline_; }
  // REQUIRES: deadline() <= now.
  TimerAction OnTimer(Time now);

  // Whether a CWR is due with the next new segment; once.
  bool TakeWindowReduced();
  // The path carries no more than this.
  void SetSegmentBytes(uint32_t bytes, Time now);
  void Clear();

  bool Consistent();

 private:
  enum class Phase : uint8_t { kOpen, kReduced, kRecovery, kTimeout };
  enum class TimerKind : uint8_t { kNone, kReorder, kTail, kTimeout, kWindow };

  RttEstimator::Bounds TimeoutBounds() const;
  void UpdatePeerWindow(const AckInput& input);
  // Whether the peer reports a duplicate.
  bool ProcessSacks(const AckInput& input);
  void OnDuplicate(const AckInput& input);
  void OnPartialAck(uint32_t acknowledged);
  void AnswerTailProbe(const AckInput& input, bool duplicate_report, Time now);
  void SampleRtt(const AckInput& input, uint32_t acknowledged, Time now);
  void DetectLosses(Time now);
  void EnterReduction(Phase phase, uint32_t flight, Time now);
  void LeaveReduction();
  bool Spurious(const AckInput& input) const;
  void ChangePhase(const AckInput& input, uint32_t acknowledged, Time now);
  void OpenWindow(const AckInput& input, uint32_t acknowledged, bool reducing,
                  Time now);
  void Arm();
  bool TailProbeAllowed() const;
  TimerAction OnTimeout(Time now);
  bool GivesUp(Time now);

  const Options& options_;
  SendQueue queue_;
  Rack rack_;
  RttEstimator rtt_;
  std::unique_ptr<CongestionControl> congestion_;
  Prr prr_;
  TimestampClock clock_;

  uint32_t segment_bytes_ = 536;
  uint32_t cut_bytes_max_ = 0;
  uint32_t peer_window_ = 0;
  uint32_t peer_window_max_ = 0;
  Sequence window_sequence_;        // SND.WL1.
  Sequence window_acknowledgment_;  // SND.WL2.

  Sequence reduction_end_;  // nxt() when the last reduction began.
  // When something was first sent again in this phase, on the timestamps'
  // clock: an echo from before shows that it need not have been.
  std::optional<uint32_t> undo_timestamp_;
  std::optional<Sequence> tail_probe_;  // nxt() when one was sent.
  uint32_t flight_before_ = 0;          // When the acknowledgment came.
  uint32_t lost_before_ = 0;
  uint32_t delivered_ = 0;              // By it.
  uint32_t duplicates_ = 0;             // Where there is no SACK.

  Time deadline_ = kTimeNever;
  Time timer_base_{};       // What the timeout counts from.
  Time last_sent_{};
  Time unanswered_since_ = kTimeNever;
  Time reorder_deadline_ = kTimeNever;
  Phase phase_ = Phase::kOpen;
  TimerKind timer_ = TimerKind::kNone;
  bool sack_ = false;
  bool ecn_ = false;
  bool window_reduced_ = false;
  bool blocked_ = false;
  bool override_ = false;  // Send less than a segment, for the window is small.
};

}  // namespace ebbrt::tcp

#endif  // EBBRT_CORE_NET_TCP_SENDER_H_
