#include "core/net/tcp/send_queue.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/check.h"
#include "core/net/tcp/rack.h"

namespace ebbrt::tcp {

void SendQueue::Commit(SentSegment* segment, IOBufChain data, bool fin,
                       Time now) {
  segment->begin = nxt_;
  segment->bytes = static_cast<uint32_t>(data.length()) + (fin ? 1 : 0);
  segment->data = std::move(data);
  segment->fin = fin;
  segment->sent_at = now;
  nxt_ += segment->bytes;
  segments_.PushBack(segment);
  ++count_;
}

void SendQueue::AcknowledgeTo(Sequence acknowledgment, Rack& rack) {
  EBBRT_DCHECK(una_ <= acknowledgment && acknowledgment <= nxt_);
  while (una_ < acknowledgment) {
    SentSegment* first = segments_.front();
    if (first->end() > acknowledgment) {
      // A part of it. What is left has the same age.
      const uint32_t bytes = Span(first->begin, acknowledgment);
      if (!first->sacked) rack.OnDelivered(*first, acknowledgment, bytes);
      if (first->lost) lost_bytes_ -= bytes;
      if (first->sacked) sacked_bytes_ -= bytes;
      first->data.TrimFront(bytes);
      first->begin = acknowledgment;
      first->bytes -= bytes;
    } else {
      if (!first->sacked) rack.OnDelivered(*first, first->end(), first->bytes);
      Release(first);
    }
    una_ = Earlier(acknowledgment, segments_.empty()
                                       ? acknowledgment
                                       : segments_.front()->begin);
  }
}

void SendQueue::AcknowledgeBlock(Sequence begin, Sequence end,
                                 uint32_t segment_bytes, Rack& rack) {
  // From whichever end is nearer in the usual case: new blocks are recent.
  SentSegment* segment = segments_.back();
  while (segment != nullptr && segment->begin > begin) {
    segment = segments_.Previous(segment);
  }
  if (segment == nullptr) segment = segments_.front();
  for (; segment != nullptr && segment->begin < end;
       segment = segments_.Next(segment)) {
    if (segment->sacked) continue;
    if (segment->begin < begin) {
      const uint32_t before = Span(segment->begin, begin);
      const uint32_t kept =
          (before + segment_bytes - 1) / segment_bytes * segment_bytes;
      if (kept < segment->bytes && !full()) Cut(segment, kept);
      continue;
    }
    if (segment->end() > end) {
      const uint32_t known =
          Span(segment->begin, end) / segment_bytes * segment_bytes;
      if (known == 0 || full() || !Cut(segment, known)) return;
    }
    MarkSacked(segment, rack);
  }
}

void SendQueue::MarkSacked(SentSegment* segment, Rack& rack) {
  rack.OnDelivered(*segment, segment->end(), segment->bytes);
  if (std::exchange(segment->lost, false)) lost_bytes_ -= segment->bytes;
  segment->sacked = true;
  sacked_bytes_ += segment->bytes;
}

void SendQueue::MarkLost(SentSegment* segment) {
  EBBRT_DCHECK(!segment->lost && !segment->sacked);
  if (lost_bytes_ == 0 || segment->begin < lost_hint_->begin) {
    lost_hint_ = segment;
  }
  segment->lost = true;
  lost_bytes_ += segment->bytes;
}

SentSegment* SendQueue::FirstLost() {
  if (lost_bytes_ == 0) return nullptr;
  while (!lost_hint_->lost) lost_hint_ = segments_.Next(lost_hint_);
  return lost_hint_;
}

bool SendQueue::Cut(SentSegment* segment, uint32_t bytes) {
  EBBRT_DCHECK(0 < bytes && bytes < segment->bytes);
  SentSegment* rest = pool_.Make();
  if (rest == nullptr) return false;
  std::optional<IOBufChain> front = segment->data.SplitFront(
      std::min<size_t>(bytes, segment->data.length()));
  if (!front.has_value()) {
    pool_.Free(rest);
    return false;
  }
  rest->begin = segment->begin + bytes;
  rest->bytes = segment->bytes - bytes;
  rest->sent_at = segment->sent_at;
  rest->data = std::move(segment->data);
  rest->fin = std::exchange(segment->fin, false);
  rest->sacked = segment->sacked;
  rest->lost = segment->lost;
  rest->retransmitted = segment->retransmitted;
  segment->data = *std::move(front);
  segment->bytes = bytes;
  segments_.InsertAfter(segment, rest);
  ++count_;
  return true;
}

void SendQueue::OnRetransmitted(SentSegment* segment, Time now) {
  if (std::exchange(segment->lost, false)) lost_bytes_ -= segment->bytes;
  segment->retransmitted = true;
  segment->sent_at = now;
}

void SendQueue::ForgetLosses() {
  for (SentSegment* segment = segments_.front(); segment != nullptr;
       segment = segments_.Next(segment)) {
    segment->lost = false;
  }
  lost_bytes_ = 0;
}

void SendQueue::ForgetSacks() {
  for (SentSegment* segment = segments_.front(); segment != nullptr;
       segment = segments_.Next(segment)) {
    segment->sacked = false;
  }
  sacked_bytes_ = 0;
}

void SendQueue::PretendSacked(uint32_t count) {
  ForgetSacks();
  SentSegment* segment = segments_.front();
  if (segment == nullptr) return;
  for (segment = segments_.Next(segment); segment != nullptr && count != 0;
       segment = segments_.Next(segment)) {
    if (segment->lost) continue;
    segment->sacked = true;
    sacked_bytes_ += segment->bytes;
    --count;
  }
}

void SendQueue::Release(SentSegment* segment) {
  if (segment == lost_hint_) lost_hint_ = segments_.Next(segment);
  if (segment->lost) lost_bytes_ -= segment->bytes;
  if (segment->sacked) sacked_bytes_ -= segment->bytes;
  --count_;
  segment->Unlink();
  pool_.Free(segment);
}

void SendQueue::Clear() {
  while (!segments_.empty()) Release(segments_.front());
  una_ = nxt_;
}

bool SendQueue::Consistent() {
  Sequence at = una_;
  uint32_t lost = 0;
  uint32_t sacked = 0;
  uint32_t count = 0;
  bool behind_hint = false;
  for (SentSegment* segment = segments_.front(); segment != nullptr;
       segment = segments_.Next(segment)) {
    behind_hint = behind_hint || segment == lost_hint_;
    if (segment->begin != at || segment->bytes == 0) return false;
    if (segment->data.length() + (segment->fin ? 1 : 0) != segment->bytes) {
      return false;
    }
    if (segment->lost && (segment->sacked || !behind_hint)) return false;
    if (segment->lost) lost += segment->bytes;
    if (segment->sacked) sacked += segment->bytes;
    at = segment->end();
    ++count;
  }
  return at == nxt_ && lost == lost_bytes_ && sacked == sacked_bytes_ &&
         count == count_;
}

}  // namespace ebbrt::tcp
