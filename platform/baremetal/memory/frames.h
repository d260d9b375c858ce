// Frames: which physical memory is free, in pieces of 4 KiB and 2 MiB.
//
// Memory is seen as blocks of 2 MiB, each with a bit a small frame. A block is
// whole (all free: it can be had as a large frame), partial, or full. Small
// frames come from partial blocks first, so that whole ones last.
//
//   node 0:  whole   -> block -> block
//            partial -> block
//
// Cores: any, under a lock of its own. Ownership: a frame is whose it was given
// to. Blocks: for another core's section. Allocates: its descriptors, 80 bytes
// a block, from the memory that it is given. Errors: kNoFrame.
#ifndef EBBRT_PLATFORM_BAREMETAL_MEMORY_FRAMES_H_
#define EBBRT_PLATFORM_BAREMETAL_MEMORY_FRAMES_H_

#include <cstddef>
#include <cstdint>

#include "core/base/spin_lock.h"
#include "platform/baremetal/boot/boot_information.h"

namespace ebbrt::platform::machine {

inline constexpr uint64_t kSmallFrameBytes = 4096;
inline constexpr uint64_t kLargeFrameBytes = 2 * 1024 * 1024;
inline constexpr uint64_t kNoFrame = 0;
inline constexpr uint32_t kNumaNodesMax = 64;

class Frames {
 public:
  static constexpr size_t kRangesMax = 2 * BootInformation::kRangesMax;

  constexpr Frames() = default;

  // Once. All ranges are sorted, apart, and multiples of small frames, and
  // belong to node 0. Those of `first` are mapped where they are; the others
  // are given by Add once they are.
  void Initialize(const MemoryRange* first, size_t first_count,
                  const MemoryRange* all, size_t count);
  void Add(const MemoryRange* ranges, size_t count);
  // From now on free memory in the range is of that node. (What is in use
  // follows as it is freed.)
  void SetNode(MemoryRange range, uint32_t node);

  // A frame of that node, or of another one if it has none. Its contents are
  // whatever was left there. kNoFrame if there is none.
  uint64_t AllocateSmall(uint32_t node) { return AllocateRun(node, 1).begin; }
  uint64_t AllocateLarge(uint32_t node);
  // Small frames that follow each other: at least one and at most `count_max`,
  // as many as are at hand.
  struct FrameRun {
    uint64_t begin = kNoFrame;
    uint64_t count = 0;
  };
  FrameRun AllocateRun(uint32_t node, uint64_t count_max);
  // A large frame may also be freed by its small ones, one by one.
  void FreeSmall(uint64_t frame);
  void FreeLarge(uint64_t frame);

  uint32_t node_count() const { return node_count_; }
  uint64_t total_bytes() const { return total_frames_ * kSmallFrameBytes; }
  uint64_t free_bytes() const { return free_frames_ * kSmallFrameBytes; }

 private:
  static constexpr uint32_t kFramesPerBlock = 512;
  static constexpr uint32_t kNone = ~0u;
  static constexpr uint32_t kUnlinked = ~0u;
  static constexpr uint32_t kWords = kFramesPerBlock / 64;

  struct Block {
    uint64_t free[kWords];
    uint32_t next;      // Index + 1, 0 at the end, or kUnlinked.
    uint32_t previous;  // Index, or kNone.
    uint16_t free_count;
    uint8_t node;
    uint32_t large_index;  // Its address in large frames.
  };
  // Blocks that follow each other in memory and in blocks_.
  struct Run {
    uint64_t begin;  // In large frames.
    uint64_t end;
    uint32_t first_block;
  };
  enum List : uint32_t { kWhole, kPartial, kLists };

  Block& BlockOf(uint64_t frame);
  static List ListOf(const Block& block) {
    return block.free_count == kFramesPerBlock ? kWhole : kPartial;
  }
  void Link(uint32_t index);
  void Unlink(uint32_t index);
  FrameRun TakeRun(uint32_t node, uint64_t count_max);
  uint64_t TakeLarge(uint32_t node);
  size_t MakeRuns(const MemoryRange* ranges, size_t count);
  void MarkFree(MemoryRange range);
  // All blocks of the range that have free frames and are in no list.
  void LinkAll(MemoryRange range);

  SpinLock lock_;  // Of all below.
  Block* blocks_ = nullptr;
  uint32_t block_count_ = 0;
  Run runs_[kRangesMax] = {};
  size_t run_count_ = 0;
  uint32_t heads_[kNumaNodesMax][kLists] = {};  // Index + 1; 0 is none.
  uint32_t node_count_ = 1;
  uint64_t total_frames_ = 0;
  uint64_t free_frames_ = 0;
};

// The machine's.
extern constinit Frames frames;

}  // namespace ebbrt::platform::machine

#endif  // EBBRT_PLATFORM_BAREMETAL_MEMORY_FRAMES_H_
