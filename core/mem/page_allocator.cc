#include "core/mem/page_allocator.h"

#include <algorithm>
#include <bit>
#include <mutex>

#include "core/base/check.h"

namespace ebbrt::mem {

Granule* PageAllocator::Allocate(uint32_t count, uint32_t alignment,
                                 uint32_t numa_node, bool& zeroed) {
  if (!EnsureReady()) return nullptr;
  for (uint32_t i = 0; i < arena_count_; ++i) {
    PageArena& arena = arenas_[(numa_node + i) % arena_count_];
    Granule* run = arena.Allocate(count, alignment, zeroed);
    if (run != nullptr) return run;
  }
  return nullptr;
}

void PageAllocator::Trim() {
  if (!ready_.load(std::memory_order_acquire)) return;
  for (uint32_t i = 0; i < arena_count_; ++i) arenas_[i].Trim();
}

bool PageAllocator::Contains(const void* address) const {
  if (!ready_.load(std::memory_order_acquire)) return false;
  const std::byte* byte = static_cast<const std::byte*>(address);
  if (byte < base_ || byte >= base_ + reserved_bytes_) return false;
  size_t index = static_cast<size_t>(byte - base_) >> kGranuleShift;
  return index % arena_granules_ < arenas_[index / arena_granules_].frontier();
}

PageStatistics PageAllocator::Statistics() {
  PageStatistics statistics;
  if (!ready_.load(std::memory_order_acquire)) return statistics;
  for (uint32_t i = 0; i < arena_count_; ++i) arenas_[i].AddTo(statistics);
  return statistics;
}

void PageAllocator::SetSource(PageSource& source) {
  std::scoped_lock lock(initialization_lock_);
  source_ = &source;
  for (PageArena& arena : arenas_) arena.SetSource(source);
}

void PageAllocator::Release() {
  if (!ready_.load(std::memory_order_acquire)) return;
  EBBRT_CHECK(Statistics().in_use_bytes == 0);
  source_->Unreserve(base_, reserved_bytes_);
  source_->Unreserve(granules_,
                     reserved_bytes_ / kGranuleBytes * sizeof(Granule));
  ready_.store(false, std::memory_order_release);
}

void PageAllocator::LockAll() {
  initialization_lock_.lock();
  for (PageArena& arena : arenas_) arena.LockAll();
}

void PageAllocator::UnlockAll() {
  for (PageArena& arena : arenas_) arena.UnlockAll();
  initialization_lock_.unlock();
}

bool PageAllocator::EnsureReady() {
  if (ready_.load(std::memory_order_acquire)) [[likely]] return true;
  std::scoped_lock lock(initialization_lock_);
  return ready_.load(std::memory_order_relaxed) || Initialize();
}

bool PageAllocator::Initialize() {
  size_t bytes = kReservedBytesMax;
  while (!Reserve(bytes)) {
    bytes /= 2;
    if (bytes < kReservedBytesMin) return false;
  }
  reserved_bytes_ = bytes;
  descriptor_bias_ =
      reinterpret_cast<uintptr_t>(granules_) -
      (reinterpret_cast<uintptr_t>(base_) >> kGranuleShift) * sizeof(Granule);
  const size_t granule_count = bytes / kGranuleBytes;
  // A power of two, so that each arena is as aligned as it is long.
  arena_count_ = std::bit_ceil(
      std::clamp<uint32_t>(Platform::NumaNodeCount(), 1, kNumaNodesMax));
  arena_granules_ = static_cast<uint32_t>(granule_count / arena_count_);
  for (uint32_t i = 0; i < arena_count_; ++i) {
    size_t first = size_t{i} * arena_granules_;
    arenas_[i].Initialize(*source_, base_ + first * kGranuleBytes,
                          granules_ + first, arena_granules_,
                          std::min(i, Platform::NumaNodeCount() - 1));
  }
  ready_.store(true, std::memory_order_release);
  return true;
}

bool PageAllocator::Reserve(size_t bytes) {
  const size_t alignment = std::min(bytes, kAlignmentMax);
  void* base = source_->Reserve(bytes, alignment);
  if (base == nullptr) return false;
  void* granules = source_->Reserve(bytes / kGranuleBytes * sizeof(Granule),
                                    2 * kMiB);
  if (granules == nullptr) {
    source_->Unreserve(base, bytes);
    return false;
  }
  base_ = static_cast<std::byte*>(base);
  granules_ = static_cast<Granule*>(granules);
  return true;
}

}  // namespace ebbrt::mem
