#include "core/net/tcp/receive_queue.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace ebbrt::tcp {

bool ReceiveQueue::Insert(Sequence begin, IOBufChain&& data, bool fin) {
  if (finished_) return false;
  const Sequence next_before = next_;
  Sequence end = begin + static_cast<uint32_t>(data.length());
  if (fin && !fin_.has_value()) {
    // A FIN before bytes that have come is nonsense and not believed.
    const bool behind = blocks_.empty() || end >= blocks_.back()->end();
    if (behind && end >= next_) fin_ = end;
  }
  if (fin_.has_value() && end > *fin_) {
    const uint32_t beyond = Span(*fin_, end);
    if (beyond >= data.length()) return false;
    data.TrimBack(beyond);
    end = *fin_;
  }
  if (begin < next_ && !data.empty()) {
    const Sequence known = Earlier(next_, end);
    duplicate_ = {begin.value(), known.value()};
    data.TrimFront(Span(begin, known));
    begin = known;
  }
  if (!data.empty()) {
    const bool in_order = begin == next_;
    // What fills a gap is for the application and held no longer than the
    // event lasts, unless something is held for it already.
    if ((!in_order || !ready_.empty()) && !HasRoom(data.buffer_count())) {
      return false;
    }
    if (in_order && blocks_.empty()) {
      ready_.Append(std::move(data));
      next_ = end;
    } else {
      InsertBlock(begin, std::move(data));
      AdvanceOverBlocks();
    }
  }
  if (fin_.has_value() && *fin_ == next_) AdvanceOverFin();
  Account();
  return next_ != next_before;
}

bool ReceiveQueue::HasRoom(size_t buffers) const {
  return block_count_ < kBlocksMax &&
         accounted_ + buffers <= held_.connection_max &&
         held_.held + buffers <= held_.held_max;
}

void ReceiveQueue::Account() {
  const uint32_t holds =
      block_buffers_ + static_cast<uint32_t>(ready_.buffer_count());
  held_.held += holds;
  held_.held -= accounted_;
  accounted_ = holds;
}

ReceivedBlock* ReceiveQueue::TrimOverlap(Sequence& begin, IOBufChain& data) {
  ReceivedBlock* before = blocks_.back();
  while (before != nullptr && before->begin > begin) {
    before = blocks_.Previous(before);
  }
  Sequence end = begin + static_cast<uint32_t>(data.length());
  if (before != nullptr && before->end() > begin) {
    const Sequence known = Earlier(before->end(), end);
    duplicate_ = {begin.value(), known.value()};
    data.TrimFront(Span(begin, known));
    begin = known;
  }
  while (!data.empty()) {
    ReceivedBlock* after =
        before == nullptr ? blocks_.front() : blocks_.Next(before);
    if (after == nullptr || after->begin >= end) break;
    duplicate_ = {after->begin.value(), Earlier(after->end(), end).value()};
    if (after->end() > end) {
      data.TrimBack(Span(after->begin, end));
      break;
    }
    Drop(after);  // The new bytes have all of it.
  }
  return before;
}

void ReceiveQueue::InsertBlock(Sequence begin, IOBufChain data) {
  ReceivedBlock* before = TrimOverlap(begin, data);
  if (data.empty()) {
    if (before != nullptr) before->touched = ++touches_;
    return;
  }
  ReceivedBlock* block = before;
  block_buffers_ += static_cast<uint32_t>(data.buffer_count());
  if (before != nullptr && before->end() == begin) {
    before->data.Append(std::move(data));
  } else {
    block = pool_.Make();
    if (block == nullptr) {
      block_buffers_ -= static_cast<uint32_t>(data.buffer_count());
      return;
    }
    ++block_count_;
    block->begin = begin;
    block->data = std::move(data);
    if (before == nullptr) {
      blocks_.PushFront(block);
    } else {
      blocks_.InsertAfter(before, block);
    }
  }
  block->touched = ++touches_;
  MergeWithNext(block);
}

void ReceiveQueue::MergeWithNext(ReceivedBlock* block) {
  ReceivedBlock* after = blocks_.Next(block);
  if (after == nullptr || after->begin != block->end()) return;
  // The buffers stay counted, in their new place.
  block->data.Append(std::move(after->data));
  Drop(after);
}

void ReceiveQueue::Drop(ReceivedBlock* block) {
  block_buffers_ -= static_cast<uint32_t>(block->data.buffer_count());
  --block_count_;
  block->Unlink();
  pool_.Free(block);
}

void ReceiveQueue::AdvanceOverBlocks() {
  ReceivedBlock* first = blocks_.front();
  if (first == nullptr || first->begin != next_) return;
  next_ = first->end();
  block_buffers_ -= static_cast<uint32_t>(first->data.buffer_count());
  ready_.Append(std::move(first->data));
  Drop(first);
  EBBRT_DCHECK(blocks_.empty() || blocks_.front()->begin > next_);
}

void ReceiveQueue::AdvanceOverFin() {
  next_ += 1;
  fin_.reset();
  finished_ = true;
}

std::optional<IOBufChain> ReceiveQueue::Take(size_t bytes) {
  std::optional<IOBufChain> taken;
  if (bytes >= ready_.length()) {
    taken = std::move(ready_);
  } else {
    taken = ready_.SplitFront(bytes);
  }
  Account();
  return taken;
}

void ReceiveQueue::Clear() {
  while (!blocks_.empty()) Drop(blocks_.front());
  ready_.Clear();
  Account();
}

uint8_t ReceiveQueue::ReportBlocks(std::span<TcpSackBlock> to) {
  uint8_t count = 0;
  if (duplicate_.has_value() && !to.empty()) {
    to[count++] = *duplicate_;
    duplicate_.reset();
  }
  // Each time the most recent of those older than the last one reported.
  uint32_t age_least = 0;
  while (count < to.size()) {
    const ReceivedBlock* recent = nullptr;
    uint32_t recent_age = 0;
    for (ReceivedBlock* block = blocks_.front(); block != nullptr;
         block = blocks_.Next(block)) {
      const uint32_t age = touches_ - block->touched + 1;
      if (age > age_least && (recent == nullptr || age < recent_age)) {
        recent = block;
        recent_age = age;
      }
    }
    if (recent == nullptr) break;
    to[count++] = {recent->begin.value(), recent->end().value()};
    age_least = recent_age;
  }
  return count;
}

}  // namespace ebbrt::tcp
