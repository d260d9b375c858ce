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
  ages_.PushBack(segment);
  ++count_;
}

void SendQueue::AcknowledgeTo(Sequence acknowledgment, Rack& rack) {
  EBBRT_DCHECK(una_ <= acknowledgment && acknowledgment <= nxt_);
  while (una_ < acknowledgment) {
    SentSegment* first = front();
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
    una_ = segments_.empty() ? acknowledgment : front()->begin;
  }
}

SentSegment* SendQueue::FindFrom(Sequence begin) {
  SentSegment* segment = sacked_hint_ != nullptr ? sacked_hint_ : front();
  while (segment != nullptr && segment->begin > begin) {
    SentSegment* before = Previous(segment);
    if (before == nullptr) break;
    segment = before;
  }
  while (segment != nullptr && segment->end() <= begin) segment = Next(segment);
  return segment;
}

void SendQueue::AcknowledgeBlock(Sequence begin, Sequence end,
                                 uint32_t segment_bytes, Rack& rack) {
  for (SentSegment* segment = FindFrom(begin);
       segment != nullptr && segment->begin < end; segment = Next(segment)) {
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
    segment = MergeSacked(segment);
    sacked_hint_ = segment;
  }
}

void SendQueue::MarkSacked(SentSegment* segment, Rack& rack) {
  rack.OnDelivered(*segment, segment->end(), segment->bytes);
  LeaveFlight(segment);
  if (std::exchange(segment->lost, false)) lost_bytes_ -= segment->bytes;
  segment->sacked = true;
  sacked_bytes_ += segment->bytes;
}

SentSegment* SendQueue::MergeSacked(SentSegment* segment) {
  SentSegment* after = Next(segment);
  if (after != nullptr && after->sacked) Absorb(segment, after);
  SentSegment* before = Previous(segment);
  if (before == nullptr || !before->sacked) return segment;
  Absorb(before, segment);
  return before;
}

void SendQueue::Absorb(SentSegment* segment, SentSegment* after) {
  segment->bytes += after->bytes;
  segment->data.Append(std::move(after->data));
  segment->fin = after->fin;  // Nothing stands behind a FIN.
  segment->retransmitted = segment->retransmitted || after->retransmitted;
  if (lost_hint_ == after) lost_hint_ = segment;
  if (sacked_hint_ == after) sacked_hint_ = segment;
  Drop(after);
}

void SendQueue::LeaveFlight(SentSegment* segment) {
  AgeLink& link = *segment;
  if (link.linked()) link.Unlink();
}

void SendQueue::MarkLost(SentSegment* segment) {
  EBBRT_DCHECK(!segment->lost && !segment->sacked);
  if (lost_bytes_ == 0 || segment->begin < lost_hint_->begin) {
    lost_hint_ = segment;
  }
  LeaveFlight(segment);
  segment->lost = true;
  lost_bytes_ += segment->bytes;
}

SentSegment* SendQueue::FirstLost() {
  if (lost_bytes_ == 0) return nullptr;
  while (!lost_hint_->lost) lost_hint_ = Next(lost_hint_);
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
  AgeLink& link = *segment;
  if (link.linked()) ages_.InsertAfter(segment, rest);
  ++count_;
  return true;
}

void SendQueue::OnRetransmitted(SentSegment* segment, Time now) {
  if (std::exchange(segment->lost, false)) lost_bytes_ -= segment->bytes;
  segment->retransmitted = true;
  segment->sent_at = now;
  LeaveFlight(segment);
  ages_.PushBack(segment);
}

void SendQueue::ForgetLosses() {
  // They come before those that were sent again since.
  for (SentSegment* segment = back(); segment != nullptr;
       segment = Previous(segment)) {
    if (!std::exchange(segment->lost, false)) continue;
    ages_.PushFront(segment);
  }
  lost_bytes_ = 0;
}

void SendQueue::ForgetSacks() {
  for (SentSegment* segment = back(); segment != nullptr;
       segment = Previous(segment)) {
    if (!std::exchange(segment->sacked, false)) continue;
    ages_.PushFront(segment);
  }
  sacked_bytes_ = 0;
}

void SendQueue::PretendSacked(uint32_t count) {
  ForgetSacks();
  SentSegment* segment = front();
  if (segment == nullptr) return;
  for (segment = Next(segment); segment != nullptr && count != 0;
       segment = Next(segment)) {
    if (segment->lost) continue;
    LeaveFlight(segment);
    segment->sacked = true;
    sacked_bytes_ += segment->bytes;
    --count;
  }
}

void SendQueue::Release(SentSegment* segment) {
  if (segment == lost_hint_) lost_hint_ = Next(segment);
  if (segment == sacked_hint_) sacked_hint_ = nullptr;
  if (segment->lost) lost_bytes_ -= segment->bytes;
  if (segment->sacked) sacked_bytes_ -= segment->bytes;
  LeaveFlight(segment);
  Drop(segment);
}

void SendQueue::Drop(SentSegment* segment) {
  --count_;
  SequenceLink& link = *segment;
  link.Unlink();
  pool_.Free(segment);
}

void SendQueue::Clear() {
  while (!segments_.empty()) Release(front());
  una_ = nxt_;
}

bool SendQueue::Consistent() {
  Sequence at = una_;
  uint32_t lost = 0;
  uint32_t sacked = 0;
  uint32_t count = 0;
  bool behind_hint = false;
  for (SentSegment* segment = front(); segment != nullptr;
       segment = Next(segment)) {
    const AgeLink& link = *segment;
    if (link.linked() == (segment->lost || segment->sacked)) return false;
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
