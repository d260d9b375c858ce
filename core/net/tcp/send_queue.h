// What has been sent and is not acknowledged, segment by segment: the
// scoreboard.
//
//      una()                                        nxt()
//   -----|=======|=======|=======|=======|=======|----->
//          lost    sacked  sacked  again   out           sequence space
//
// A segment refers to the application's memory: what is sent, once or again, is
// a view of it. With a device that cuts, a segment here is several on the wire;
// it is cut here too where the peer acknowledges or misses a part of it.
//
// Cores: one. Ownership: owns the views, until they are acknowledged.
// Blocks: never. Allocates: segments, from the pool; a view where one is cut.
// Bound: kSegmentsMax. Units: bytes of sequence space.
// Errors: null where memory is refused; nothing has changed then.
// Source: RFC 6675 sections 3 and 4; RFC 2018 section 8 (reneging).
#ifndef EBBRT_CORE_NET_TCP_SEND_QUEUE_H_
#define EBBRT_CORE_NET_TCP_SEND_QUEUE_H_

#include <cstddef>
#include <cstdint>

#include "core/base/intrusive_queue.h"
#include "core/base/types.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/tcp/pool.h"
#include "core/net/tcp/sequence.h"

namespace ebbrt::tcp {

class Rack;

struct SentSegment : ListLink {
  Sequence begin;
  uint32_t bytes = 0;  // Of its data, plus one with FIN.
  Time sent_at{};      // The last time.
  IOBufChain data;
  bool fin = false;
  bool sacked = false;         // The peer has it.
  bool lost = false;           // Is to be sent again.
  bool retransmitted = false;  // Was, at least once.

  Sequence end() const { return begin + bytes; }
};

class SendQueue {
 public:
  static constexpr uint32_t kSegmentsMax = 4096;

  explicit SendQueue(Pool<SentSegment>& pool) : pool_(pool) {}
  ~SendQueue() { Clear(); }
  SendQueue(const SendQueue&) = delete;
  SendQueue& operator=(const SendQueue&) = delete;

  // REQUIRES: nothing has been sent yet.
  void Start(Sequence next) { una_ = nxt_ = next; }

  Sequence una() const { return una_; }
  Sequence nxt() const { return nxt_; }
  uint32_t outstanding_bytes() const { return Span(una_, nxt_); }
  // Outstanding, neither lost nor with the peer: RFC 6675's pipe.
  uint32_t in_flight_bytes() const {
    return outstanding_bytes() - lost_bytes_ - sacked_bytes_;
  }
  uint32_t lost_bytes() const { return lost_bytes_; }
  uint32_t sacked_bytes() const { return sacked_bytes_; }
  bool full() const { return count_ >= kSegmentsMax; }

  // Oldest first; null at the end.
  SentSegment* front() { return segments_.front(); }
  SentSegment* back() { return segments_.back(); }
  SentSegment* Next(SentSegment* segment) { return segments_.Next(segment); }

  // A segment to be filled by Commit, or dropped by Cancel.
  SentSegment* Prepare() { return full() ? nullptr : pool_.Make(); }
  void Cancel(SentSegment* segment) { pool_.Free(segment); }
  // It is sent now, as the next one.
  void Commit(SentSegment* segment, IOBufChain data, bool fin, Time now);

  // The peer has all before `acknowledgment`. `rack` is told what is new.
  // REQUIRES: una() <= acknowledgment <= nxt().
  void AcknowledgeTo(Sequence acknowledgment, Rack& rack);
  // The peer has [begin, end). Only whole segments count, or whole multiples of
  // `segment_bytes` of one that is to be cut.
  void AcknowledgeBlock(Sequence begin, Sequence end, uint32_t segment_bytes,
                        Rack& rack);

  // REQUIRES: neither lost nor sacked.
  void MarkLost(SentSegment* segment);
  // The oldest lost one; null if there is none.
  SentSegment* FirstLost();
  // Cuts a segment behind `bytes`. False: no memory.
  // REQUIRES: 0 < bytes < segment->bytes.
  bool Cut(SentSegment* segment, uint32_t bytes);
  // It is sent again now.
  void OnRetransmitted(SentSegment* segment, Time now);

  // None is lost after all.
  void ForgetLosses();
  // The peer may have dropped what it acknowledged selectively.
  void ForgetSacks();
  // Without SACK: has the `count` segments behind the first count as sacked,
  // and no others.
  void PretendSacked(uint32_t count);

  void Clear();
  // Of the sums; O(segments), for debug checks.
  bool Consistent();

 private:
  void MarkSacked(SentSegment* segment, Rack& rack);
  void Release(SentSegment* segment);

  // Invariants: 1. segments_ cover [una_, nxt_) without gaps. 2. lost_bytes_
  // and sacked_bytes_ are sums over them; none is both. 3. No lost segment is
  // before lost_hint_.
  Pool<SentSegment>& pool_;
  IntrusiveList<SentSegment> segments_;
  SentSegment* lost_hint_ = nullptr;  // Means something while any is lost.
  Sequence una_;
  Sequence nxt_;
  uint32_t lost_bytes_ = 0;
  uint32_t sacked_bytes_ = 0;
  uint32_t count_ = 0;
};

}  // namespace ebbrt::tcp

#endif  // EBBRT_CORE_NET_TCP_SEND_QUEUE_H_
