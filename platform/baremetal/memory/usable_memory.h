// The memory that may be given out: what the loader says is usable, without
// what the image and its modules occupy.
//
// Cores: the boot processor. Allocates: no. Bound: kRangesMax ranges; smaller
// ones beyond it are dropped.
// Errors: an image that does not stand in usable memory is told, and ends all.
#ifndef EBBRT_PLATFORM_BAREMETAL_MEMORY_USABLE_MEMORY_H_
#define EBBRT_PLATFORM_BAREMETAL_MEMORY_USABLE_MEMORY_H_

#include <cstddef>

#include "platform/baremetal/boot/boot_information.h"
#include "platform/baremetal/memory/frames.h"

namespace ebbrt::platform::machine {

// Sorted, apart, multiples of small frames, above the first MiB (which
// belongs to firmware, and to processors that start).
struct UsableMemory {
  MemoryRange ranges[Frames::kRangesMax];
  size_t count = 0;

  void Add(MemoryRange range);
  // Nothing of [range) is in it any more.
  void Remove(MemoryRange range);
  void Sort();
  bool Contains(MemoryRange range) const;
};

void FindUsableMemory(const BootInformation& information, MemoryRange image,
                      UsableMemory& usable);

}  // namespace ebbrt::platform::machine

#endif  // EBBRT_PLATFORM_BAREMETAL_MEMORY_USABLE_MEMORY_H_
