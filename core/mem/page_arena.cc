#include "core/mem/page_arena.h"

#include <algorithm>
#include <bit>
#include <mutex>

#include "core/base/check.h"

namespace ebbrt::mem {
namespace {

uint32_t RoundUp(uint32_t value, uint32_t multiple) {
  return (value + multiple - 1) & ~(multiple - 1);
}

// The order of the smallest block of `count` granules.
uint32_t OrderOf(uint32_t count) {
  return static_cast<uint32_t>(std::bit_width(count - 1));
}

}  // namespace

void PageArena::Initialize(PageSource& source, std::byte* base,
                           Granule* granules, uint32_t granule_count,
                           uint32_t numa_node) {
  EBBRT_CHECK(granule_count % kChunkGranules == 0);
  source_ = &source;
  base_ = base;
  granules_ = granules;
  limit_ = granule_count;
  numa_node_ = numa_node;
}

Granule* PageArena::Allocate(uint32_t count, uint32_t alignment,
                             bool& zeroed) {
  if (count == 0 || count > limit_ || alignment > limit_) return nullptr;
  const uint32_t order = OrderOf(std::max(count, alignment));
  if (order >= kOrders) return nullptr;
  zeroed = false;
  {
    std::scoped_lock lock(lock_);
    Block block = TakeSmallest(order, kCommitted);
    if (block.index != kNoBlock) {
      InsertRange({block.index + count, block.count - count}, kCommitted);
      return Use(block.index, count);
    }
  }
  Block block = TakeUncommitted(count, order, alignment);
  if (block.index == kNoBlock || !Commit(block, count)) return nullptr;
  zeroed = true;
  std::scoped_lock lock(lock_);
  return Use(block.index, count);
}

Granule* PageArena::Use(uint32_t index, uint32_t count) {
  in_use_granules_ += count;
  Granule* run = &granules_[index];
  run->run_granules = count;
  return run;
}

void PageArena::Free(Granule* run) {
  {
    std::scoped_lock lock(lock_);
    in_use_granules_ -= run->run_granules;
    InsertRange({IndexOf(run), run->run_granules}, kCommitted);
  }
  GiveBack(kRetainedBytesMin, kChunkOrder);
}

void PageArena::Shrink(Granule* run, uint32_t count) {
  EBBRT_CHECK(count > 0 && count <= run->run_granules);
  {
    std::scoped_lock lock(lock_);
    uint32_t excess = run->run_granules - count;
    in_use_granules_ -= excess;
    run->run_granules = count;
    InsertRange({IndexOf(run) + count, excess}, kCommitted);
  }
  GiveBack(kRetainedBytesMin, kChunkOrder);
}

void PageArena::Trim() { GiveBack(0, 0); }

void PageArena::AddTo(PageStatistics& statistics) {
  std::scoped_lock lock(lock_);
  statistics.reserved_bytes += size_t{limit_} * kGranuleBytes;
  statistics.committed_bytes += committed_granules_ * kGranuleBytes;
  statistics.in_use_bytes += in_use_granules_ * kGranuleBytes;
  statistics.descriptor_bytes += frontier() * sizeof(Granule);
}

void PageArena::LockAll() {
  extension_lock_.lock();
  lock_.lock();
}

void PageArena::UnlockAll() {
  lock_.unlock();
  extension_lock_.unlock();
}

void PageArena::Insert(uint32_t index, uint32_t order, Kind kind) {
  const uint32_t frontier = frontier_.load(std::memory_order_relaxed);
  for (; order + 1 < kOrders; ++order) {
    uint32_t buddy_index = index ^ (1u << order);
    // Before the frontier a buddy has a descriptor, whatever it is in use as.
    if (buddy_index + (1u << order) > frontier) break;
    Granule& buddy = granules_[buddy_index];
    if (buddy.state != StateOf(kind) || buddy.order != order) break;
    free_[kind][order].Remove(&buddy);
    if (free_[kind][order].empty()) nonempty_[kind] &= ~(1u << order);
    buddy.state = GranuleState::kNone;
    index &= ~(1u << order);
  }
  Granule& head = granules_[index];
  head.state = StateOf(kind);
  head.order = static_cast<uint8_t>(order);
  free_[kind][order].PushFront(&head);
  nonempty_[kind] |= 1u << order;
}

void PageArena::InsertRange(Block range, Kind kind) {
  // At most two blocks of each order make up any range.
  while (range.count > 0) {
    uint32_t order = static_cast<uint32_t>(std::bit_width(range.count)) - 1;
    if (range.index != 0) {
      order = std::min<uint32_t>(order, std::countr_zero(range.index));
    }
    order = std::min(order, kOrders - 1);
    granules_[range.index].state = GranuleState::kNone;
    Insert(range.index, order, kind);
    range.index += 1u << order;
    range.count -= 1u << order;
  }
}

PageArena::Block PageArena::TakeSmallest(uint32_t order, Kind kind) {
  uint32_t candidates = nonempty_[kind] & (~0u << order);
  if (candidates == 0) return {};
  order = static_cast<uint32_t>(std::countr_zero(candidates));
  Granule* head = free_[kind][order].PopFront();
  if (free_[kind][order].empty()) nonempty_[kind] &= ~(1u << order);
  head->state = GranuleState::kNone;
  return {IndexOf(head), 1u << order};
}

PageArena::Block PageArena::TakeLargest(uint32_t order_min, Kind kind) {
  uint32_t candidates = nonempty_[kind] & (~0u << order_min);
  if (candidates == 0) return {};
  uint32_t order = static_cast<uint32_t>(std::bit_width(candidates)) - 1;
  return TakeSmallest(order, kind);
}

PageArena::Block PageArena::Narrow(Block block, uint32_t count) {
  // Whole blocks of the run's own order, so that it finds them again.
  const size_t step = std::clamp<size_t>(
      std::max<size_t>(std::bit_floor(committed_granules_ / 4),
                       std::bit_ceil(count)),
      kFirstCommitGranules, kChunkGranules);
  const uint32_t wanted =
      std::min(block.count, RoundUp(count, static_cast<uint32_t>(step)));
  InsertRange({block.index + wanted, block.count - wanted}, kUncommitted);
  return {block.index, wanted};
}

PageArena::Block PageArena::TakeUncommitted(uint32_t count, uint32_t order,
                                            uint32_t alignment) {
  // A second try, after everything that is free has been made of one kind, so
  // that neighbours merge.
  for (int attempt = 0; attempt < 2; ++attempt) {
    {
      std::scoped_lock lock(lock_);
      Block block = TakeSmallest(order, kUncommitted);
      if (block.index != kNoBlock) return Narrow(block, count);
    }
    Block block = Extend(RoundUp(count, kChunkGranules), alignment);
    if (block.index != kNoBlock) {
      std::scoped_lock lock(lock_);
      return Narrow(block, count);
    }
    Trim();
  }
  return {};
}

PageArena::Block PageArena::Extend(uint32_t count, uint32_t alignment) {
  std::scoped_lock extension(extension_lock_);
  const uint32_t old_frontier = frontier_.load(std::memory_order_relaxed);
  const uint32_t index =
      RoundUp(old_frontier, std::max(alignment, kChunkGranules));
  if (index < old_frontier || index > limit_ || count > limit_ - index) {
    return {};
  }
  // A chunk's descriptors are two pages; committed pages read as zero, which
  // is the state of a descriptor that is not in use.
  static_assert(kChunkGranules * sizeof(Granule) % Platform::kPageBytes == 0);
  if (!source_->Commit(&granules_[old_frontier],
                       (index + count - old_frontier) * sizeof(Granule),
                       numa_node_)) {
    return {};
  }
  std::scoped_lock lock(lock_);
  frontier_.store(index + count, std::memory_order_release);
  InsertRange({old_frontier, index - old_frontier}, kUncommitted);
  return {index, count};
}

bool PageArena::Commit(Block block, uint32_t count) {
  // Outside of the lock: nobody else knows of the block.
  uint32_t committed = block.count;
  std::byte* address = AddressOf(block.index);
  if (!source_->Commit(address, committed * kGranuleBytes, numa_node_)) {
    // Perhaps there is just as much as was asked for.
    committed = count < block.count &&
                        source_->Commit(address, count * kGranuleBytes,
                                        numa_node_)
                    ? count
                    : 0;
  }
  std::scoped_lock lock(lock_);
  InsertRange({block.index + committed, block.count - committed},
              kUncommitted);
  if (committed == 0) return false;
  committed_granules_ += committed;
  InsertRange({block.index + count, committed - count}, kCommitted);
  return true;
}

void PageArena::GiveBack(size_t retained_bytes, uint32_t order_min) {
  // Each turn takes a block out of the lists, so this ends.
  for (;;) {
    Block block;
    {
      std::scoped_lock lock(lock_);
      size_t retained = retained_bytes / kGranuleBytes;
      if (retained != 0) retained = std::max(retained, in_use_granules_ / 8);
      if (committed_granules_ - in_use_granules_ <= retained) return;
      block = TakeLargest(order_min, kCommitted);
      if (block.index == kNoBlock) return;
      committed_granules_ -= block.count;
    }
    source_->Decommit(AddressOf(block.index), block.count * kGranuleBytes);
    std::scoped_lock lock(lock_);
    InsertRange(block, kUncommitted);
  }
}

}  // namespace ebbrt::mem
