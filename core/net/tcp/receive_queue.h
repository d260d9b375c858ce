// The receiving half of a connection: puts segments in order.
//
//   passed up | ready_ |   hole   | block |  hole  | block |
//   ----------|--------|----------|=======|--------|=======|---->
//                      next()                           sequence space
//
// What is in order is ready for the application, and in the common case taken
// at once. What is not waits in blocks, of which the SACK option tells; so does
// what the application has closed its window to since it invited it.
//
// Cores: one. Ownership: owns the buffers that wait, which are views as the
// device lent them. Blocks: never. Allocates: a block, from the pool.
// Bound: HeldBuffers, of a core and of a connection, and kBlocksMax.
// Units: bytes, Sequence.
// Errors: what there is no room for is dropped, as if the network had.
// Source: RFC 9293 section 3.10.7.4; RFC 2018 section 4; RFC 2883 (DSACK).
#ifndef EBBRT_CORE_NET_TCP_RECEIVE_QUEUE_H_
#define EBBRT_CORE_NET_TCP_RECEIVE_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/base/intrusive_queue.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/tcp/pool.h"
#include "core/net/tcp/sequence.h"
#include "core/net/wire/tcp_header.h"

namespace ebbrt::tcp {

// How many buffers the connections of a core hold. They count and not their
// bytes, because a segment of one byte keeps a whole buffer of the device.
struct HeldBuffers {
  size_t held = 0;
  size_t held_max;
  size_t connection_max;
};

// Bytes without a gap, ahead of the next ones expected.
struct ReceivedBlock : ListLink {
  Sequence begin;
  IOBufChain data;
  uint32_t touched = 0;  // When it last grew: greater is more recent.

  Sequence end() const {
    return begin + static_cast<uint32_t>(data.length());
  }
};

class ReceiveQueue {
 public:
  static constexpr size_t kBlocksMax = 256;

  ReceiveQueue(HeldBuffers& held, Pool<ReceivedBlock>& pool)
      : held_(held), pool_(pool) {}
  ~ReceiveQueue() { Clear(); }
  ReceiveQueue(const ReceiveQueue&) = delete;
  ReceiveQueue& operator=(const ReceiveQueue&) = delete;

  // REQUIRES: nothing has come yet.
  void Start(Sequence next) { next_ = next; }

  // The next sequence number expected.
  Sequence next() const { return next_; }
  // The peer's FIN has been reached: next() is behind it.
  bool finished() const { return finished_; }
  const IOBufChain& ready() const { return ready_; }
  bool has_holes() const { return !blocks_.empty(); }

  // Bytes [begin, begin + data.length()) have come, with a FIN behind them if
  // `fin`. Returns whether they were the next ones in order, whole or in part.
  // REQUIRES: they end within the window.
  bool Insert(Sequence begin, IOBufChain&& data, bool fin);

  // Bytes [begin, end) have come again; the next report tells.
  // REQUIRES: end <= next().
  void OnRepeated(Sequence begin, Sequence end) {
    duplicate_ = {begin.value(), end.value()};
  }

  // Takes up to `bytes` of what is ready; none if there is no memory to cut a
  // buffer.
  std::optional<IOBufChain> Take(size_t bytes);
  void Clear();

  // Fills `to` with what to acknowledge selectively, a duplicate first, then
  // the blocks, the most recent first; returns how many. A duplicate is
  // reported once.
  uint8_t ReportBlocks(std::span<TcpSackBlock> to);
  bool has_report() const { return duplicate_.has_value() || has_holes(); }

 private:
  bool HasRoom(size_t buffers) const;
  // Has the core's count say what is held now.
  void Account();
  void InsertBlock(Sequence begin, IOBufChain data);
  // Makes room for [begin, end), cutting `data` where older bytes stand, and
  // returns the block to put it behind (null: at the front). `data` may be
  // empty afterwards.
  ReceivedBlock* TrimOverlap(Sequence& begin, IOBufChain& data);
  void MergeWithNext(ReceivedBlock* block);
  void Drop(ReceivedBlock* block);
  // Moves the blocks that have become in order to ready_.
  void AdvanceOverBlocks();
  void AdvanceOverFin();

  // Invariants: 1. blocks_ are in order, not empty, with gaps between them and
  // before the first, all behind next_. 2. accounted_ is what we have added to
  // held_. 3. Nothing stands behind fin_.
  HeldBuffers& held_;
  Pool<ReceivedBlock>& pool_;
  IntrusiveList<ReceivedBlock> blocks_;
  IOBufChain ready_;
  Sequence next_;
  std::optional<Sequence> fin_;  // The peer's FIN, once it has been seen.
  std::optional<TcpSackBlock> duplicate_;
  uint32_t block_count_ = 0;
  uint32_t block_buffers_ = 0;
  uint32_t accounted_ = 0;
  uint32_t touches_ = 0;
  bool finished_ = false;
};

}  // namespace ebbrt::tcp

#endif  // EBBRT_CORE_NET_TCP_RECEIVE_QUEUE_H_
