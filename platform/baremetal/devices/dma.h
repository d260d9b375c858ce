// Memory as devices see it: by physical address, in runs.
//
// DmaMemory is one run, for rings and for buffers that a device fills. What is
// to be sent stands anywhere, and is found by a DmaFinder.
//
// Cores: any; a DmaFinder belongs to one. Ownership: DmaMemory owns its memory;
// no device may use it when it is destroyed. Blocks: for another core's
// section. Allocates: frames, also for the first touch of memory that has none
// yet.
// Bound: kDmaBytesMax a run.
// Units: bytes. Errors: an empty DmaMemory where memory is refused.
// Source: PCI Local Bus 3.0, chapter 2 (addresses are the bus's; there is no
// IOMMU that would translate them).
#ifndef EBBRT_PLATFORM_BAREMETAL_DEVICES_DMA_H_
#define EBBRT_PLATFORM_BAREMETAL_DEVICES_DMA_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "core/base/check.h"
#include "core/base/types.h"

namespace ebbrt::platform {

// One large page.
inline constexpr size_t kDmaBytesMax = 2 * kMiB;
// Runs of memory end at these, or later.
inline constexpr size_t kDmaPageBytes = 4096;

// A run of memory, as a device is told of it.
struct DmaRun {
  uint64_t address;
  uint32_t bytes;
};

// As a processor and a device see one place.
struct DmaPlace {
  std::byte* data = nullptr;
  uint64_t address = 0;
};

class DmaMemory {
 public:
  DmaMemory() = default;
  // One run, zeroed, aligned to a page; on the calling core's NUMA node where
  // it has memory left. REQUIRES: 0 < bytes <= kDmaBytesMax.
  static DmaMemory Allocate(size_t bytes);

  DmaMemory(DmaMemory&& other) noexcept { *this = std::move(other); }
  DmaMemory& operator=(DmaMemory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(address_, other.address_);
    std::swap(bytes_, other.bytes_);
    std::swap(taken_, other.taken_);
    return *this;
  }
  ~DmaMemory();

  bool empty() const { return data_ == nullptr; }
  size_t size() const { return bytes_; }
  size_t left() const { return bytes_ - taken_; }

  // The next part of it, aligned to a power of two of at most a page.
  // REQUIRES: it is there.
  DmaPlace Take(size_t bytes, size_t alignment) {
    taken_ = (taken_ + alignment - 1) & ~(alignment - 1);
    EBBRT_CHECK(bytes <= bytes_ && taken_ <= bytes_ - bytes);
    const DmaPlace place = {data_ + taken_, address_ + taken_};
    taken_ += bytes;
    return place;
  }

 private:
  std::byte* data_ = nullptr;
  uint64_t address_ = 0;
  size_t bytes_ = 0;
  size_t taken_ = 0;
};

// Finds the runs that memory consists of, and remembers where its pages are, as
// the page table takes long to ask.
class DmaFinder {
 public:
  // The runs of `data`, each of at most `run_bytes_max`; returns how many,
  // which is at most data.size() / kDmaPageBytes + 2 if they may be as long as
  // a page. REQUIRES: there is room for them; run_bytes_max > 0.
  size_t Runs(std::span<const std::byte> data, uint32_t run_bytes_max,
              std::span<DmaRun> runs);

 private:
  // Pages of one size, by number, modulo their count; of each, the distance
  // from its address to a device's.
  struct Page {
    uint64_t number = ~uint64_t{0};
    uint64_t distance = 0;
  };
  using Pages = std::array<Page, 64>;
  struct Place {
    uint64_t address;
    uint64_t bytes;  // That follow each other from there on.
  };

  Place Find(uint64_t address);
  // What the page table says, and of which epoch that is.
  static Place LookUp(uint64_t address);
  static uint64_t Epoch();

  Pages large_;
  Pages small_;
  uint64_t epoch_ = 0;  // Of the page table, when they were looked at.
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_BAREMETAL_DEVICES_DMA_H_
