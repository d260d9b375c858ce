#include "platform/baremetal/devices/dma.h"

#include <algorithm>

#include "platform/baremetal/baremetal.h"
#include "platform/baremetal/cpu/instructions.h"
#include "platform/baremetal/cpu/shootdown.h"
#include "platform/baremetal/memory/address_space.h"

namespace ebbrt::platform {

static_assert(kDmaBytesMax == machine::kLargeFrameBytes);
static_assert(kDmaPageBytes == machine::kSmallFrameBytes);

// Physical memory is mapped where it is, so a frame's address is both.
DmaMemory DmaMemory::Allocate(size_t bytes) {
  EBBRT_CHECK(bytes != 0 && bytes <= kDmaBytesMax);
  const bool is_small = bytes <= kDmaPageBytes;
  const uint32_t node = Baremetal::CurrentNumaNode();
  const uint64_t frame = is_small ? machine::frames.AllocateSmall(node)
                                  : machine::frames.AllocateLarge(node);
  DmaMemory memory;
  if (frame == machine::kNoFrame) return memory;
  memory.data_ = reinterpret_cast<std::byte*>(frame);
  memory.address_ = frame;
  memory.bytes_ = is_small ? kDmaPageBytes : kDmaBytesMax;
  machine::ClearWords(memory.data_, memory.bytes_);
  return memory;
}

DmaMemory::~DmaMemory() {
  if (data_ == nullptr) return;
  bytes_ == kDmaPageBytes ? machine::frames.FreeSmall(address_)
                          : machine::frames.FreeLarge(address_);
}

DmaFinder::Place DmaFinder::LookUp(uint64_t address) {
  const machine::AddressSpace::Place place =
      machine::address_space.Find(address);
  return {place.physical, place.bytes};
}

uint64_t DmaFinder::Epoch() { return machine::TranslationEpoch(); }

}  // namespace ebbrt::platform
