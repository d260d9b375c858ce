#include "platform/baremetal/memory/frames.h"

#include <algorithm>
#include <bit>
#include <mutex>

#include "platform/baremetal/cpu/instructions.h"
#include "platform/baremetal/machine_check.h"

namespace ebbrt::platform::machine {

constinit Frames frames;

size_t Frames::MakeRuns(const MemoryRange* ranges, size_t count) {
  size_t blocks = 0;
  for (size_t i = 0; i < count; ++i) {
    uint64_t begin = ranges[i].begin / kLargeFrameBytes;
    uint64_t end = (ranges[i].end - 1) / kLargeFrameBytes + 1;
    if (run_count_ > 0 && begin <= runs_[run_count_ - 1].end) {
      // Two ranges share a block, or their blocks are neighbours.
      Run& last = runs_[run_count_ - 1];
      if (end > last.end) {
        blocks += end - last.end;
        last.end = end;
      }
      continue;
    }
    runs_[run_count_++] = {begin, end, static_cast<uint32_t>(blocks)};
    blocks += end - begin;
  }
  return blocks;
}

void Frames::Initialize(const MemoryRange* first, size_t first_count,
                        const MemoryRange* all, size_t count) {
  block_count_ = static_cast<uint32_t>(MakeRuns(all, count));
  // The descriptors stand at the beginning of the highest range with room.
  const uint64_t descriptor_bytes =
      (block_count_ * sizeof(Block) + kSmallFrameBytes - 1) /
      kSmallFrameBytes * kSmallFrameBytes;
  size_t home = first_count;
  for (size_t i = 0; i < first_count; ++i) {
    if (first[i].end - first[i].begin > descriptor_bytes) home = i;
  }
  MACHINE_CHECK(home < first_count,
                "there is no memory for the frames' descriptors");
  blocks_ = reinterpret_cast<Block*>(first[home].begin);
  ClearWords(blocks_, descriptor_bytes);
  for (size_t run = 0; run < run_count_; ++run) {
    for (uint64_t i = runs_[run].begin; i < runs_[run].end; ++i) {
      Block& block = blocks_[runs_[run].first_block + (i - runs_[run].begin)];
      block.large_index = static_cast<uint32_t>(i);
      block.next = kUnlinked;
    }
  }
  for (size_t i = 0; i < first_count; ++i) {
    MarkFree({first[i].begin + (i == home ? descriptor_bytes : 0),
              first[i].end});
  }
  for (size_t i = first_count; i-- > 0;) LinkAll(first[i]);
  total_frames_ = free_frames_;
}

void Frames::Add(const MemoryRange* ranges, size_t count) {
  std::scoped_lock guard(lock_);
  const uint64_t before = free_frames_;
  for (size_t i = 0; i < count; ++i) MarkFree(ranges[i]);
  for (size_t i = count; i-- > 0;) LinkAll(ranges[i]);
  total_frames_ += free_frames_ - before;
}

// From high to low: what is linked last is given out first.
void Frames::LinkAll(MemoryRange range) {
  if (range.begin >= range.end) return;
  Block& first = BlockOf(range.begin);
  Block* block = &BlockOf(range.end - 1);
  for (;; --block) {
    if (block->next == kUnlinked && block->free_count != 0) {
      Link(static_cast<uint32_t>(block - blocks_));
    }
    if (block == &first) return;
  }
}

void Frames::MarkFree(MemoryRange range) {
  if (range.begin >= range.end) return;
  const uint64_t end = range.end / kSmallFrameBytes;
  for (uint64_t frame = range.begin / kSmallFrameBytes; frame < end;) {
    Block& block = BlockOf(frame * kSmallFrameBytes);
    const uint64_t block_end = std::min(
        end, (frame / kFramesPerBlock + 1) * kFramesPerBlock);
    free_frames_ += block_end - frame;
    block.free_count = static_cast<uint16_t>(block.free_count + block_end -
                                             frame);
    if (block_end - frame == kFramesPerBlock) {
      FillWords(block.free, ~uint64_t{0}, kWords);
      frame = block_end;
    }
    while (frame < block_end) {
      // All of a word's at once.
      const uint64_t bit = frame % 64;
      const uint64_t count = std::min(block_end - frame, 64 - bit);
      const uint64_t mask = count == 64 ? ~uint64_t{0}
                                        : ((uint64_t{1} << count) - 1) << bit;
      block.free[frame % kFramesPerBlock / 64] |= mask;
      frame += count;
    }
  }
}

Frames::Block& Frames::BlockOf(uint64_t frame) {
  const uint64_t large_index = frame / kLargeFrameBytes;
  for (size_t i = 0; i < run_count_; ++i) {
    const Run& run = runs_[i];
    if (large_index >= run.begin && large_index < run.end) {
      return blocks_[run.first_block + (large_index - run.begin)];
    }
  }
  MACHINE_CHECK(false, "a frame is no memory");
}

void Frames::Link(uint32_t index) {
  Block& block = blocks_[index];
  uint32_t& head = heads_[block.node][ListOf(block)];
  block.next = head;
  block.previous = kNone;
  if (head != 0) blocks_[head - 1].previous = index;
  head = index + 1;
}

void Frames::Unlink(uint32_t index) {
  Block& block = blocks_[index];
  if (block.previous != kNone) {
    blocks_[block.previous].next = block.next;
  } else {
    heads_[block.node][ListOf(block)] = block.next;
  }
  if (block.next != 0) blocks_[block.next - 1].previous = block.previous;
  block.next = kUnlinked;
}

Frames::FrameRun Frames::TakeRun(uint32_t node, uint64_t count_max) {
  for (List list : {kPartial, kWhole}) {
    if (heads_[node][list] == 0) continue;
    const uint32_t index = heads_[node][list] - 1;
    Block& block = blocks_[index];
    uint32_t word = 0;
    while (block.free[word] == 0) ++word;
    const uint32_t bit = std::countr_zero(block.free[word]);
    const uint64_t count = std::min<uint64_t>(
        std::countr_one(block.free[word] >> bit), count_max);
    // A partial block that stays one needs not be moved.
    const bool moves = list == kWhole || block.free_count == count;
    if (moves) Unlink(index);
    block.free[word] &= ~(~uint64_t{0} >> (64 - count) << bit);
    block.free_count = static_cast<uint16_t>(block.free_count - count);
    if (moves && block.free_count != 0) Link(index);
    free_frames_ -= count;
    return {block.large_index * kLargeFrameBytes +
                (word * 64 + bit) * kSmallFrameBytes,
            count};
  }
  return {};
}

uint64_t Frames::TakeLarge(uint32_t node) {
  if (heads_[node][kWhole] == 0) return kNoFrame;
  const uint32_t index = heads_[node][kWhole] - 1;
  Block& block = blocks_[index];
  Unlink(index);
  for (uint64_t& word : block.free) word = 0;
  block.free_count = 0;
  free_frames_ -= kFramesPerBlock;
  return block.large_index * kLargeFrameBytes;
}

Frames::FrameRun Frames::AllocateRun(uint32_t node, uint64_t count_max) {
  std::scoped_lock guard(lock_);
  FrameRun run;
  if (node < node_count_) run = TakeRun(node, count_max);
  for (uint32_t other = 0; run.count == 0 && other < node_count_; ++other) {
    run = TakeRun(other, count_max);
  }
  return run;
}

uint64_t Frames::AllocateLarge(uint32_t node) {
  std::scoped_lock guard(lock_);
  uint64_t frame = node < node_count_ ? TakeLarge(node) : kNoFrame;
  for (uint32_t other = 0; frame == kNoFrame && other < node_count_; ++other) {
    frame = TakeLarge(other);
  }
  return frame;
}

void Frames::FreeSmall(uint64_t frame) {
  std::scoped_lock guard(lock_);
  Block& block = BlockOf(frame);
  const auto index = static_cast<uint32_t>(&block - blocks_);
  const uint32_t place = frame / kSmallFrameBytes % kFramesPerBlock;
  const uint64_t bit = uint64_t{1} << place % 64;
  MACHINE_CHECK((block.free[place / 64] & bit) == 0, "a frame is freed twice");
  const bool moves =
      block.free_count == 0 || block.free_count == kFramesPerBlock - 1;
  if (moves && block.free_count != 0) Unlink(index);
  block.free[place / 64] |= bit;
  ++block.free_count;
  if (moves) Link(index);
  ++free_frames_;
}

void Frames::FreeLarge(uint64_t frame) {
  std::scoped_lock guard(lock_);
  Block& block = BlockOf(frame);
  MACHINE_CHECK(block.free_count == 0, "a frame is freed twice");
  for (uint64_t& word : block.free) word = ~uint64_t{0};
  block.free_count = kFramesPerBlock;
  Link(static_cast<uint32_t>(&block - blocks_));
  free_frames_ += kFramesPerBlock;
}

void Frames::SetNode(MemoryRange range, uint32_t node) {
  MACHINE_CHECK(node < kNumaNodesMax, "more NUMA nodes than there may be");
  std::scoped_lock guard(lock_);
  if (node >= node_count_) node_count_ = node + 1;
  for (uint32_t index = 0; index < block_count_; ++index) {
    Block& block = blocks_[index];
    const uint64_t begin = block.large_index * kLargeFrameBytes;
    if (begin < range.begin || begin >= range.end) continue;
    if (block.free_count != 0) Unlink(index);
    block.node = static_cast<uint8_t>(node);
    if (block.free_count != 0) Link(index);
  }
}

}  // namespace ebbrt::platform::machine
