// For drivers under test on other platforms, where the device is simulated in
// the same process: it sees what the processor sees.
#include <algorithm>
#include <cstring>
#include <new>

#include "platform/baremetal/devices/dma.h"

namespace ebbrt::platform {
namespace {

constexpr std::align_val_t kAlignment{kDmaPageBytes};

}  // namespace

DmaMemory DmaMemory::Allocate(size_t bytes) {
  EBBRT_CHECK(bytes != 0 && bytes <= kDmaBytesMax);
  bytes = (bytes + kDmaPageBytes - 1) & ~(kDmaPageBytes - 1);
  DmaMemory memory;
  void* block = ::operator new(bytes, kAlignment, std::nothrow);
  if (block == nullptr) return memory;
  std::memset(block, 0, bytes);
  memory.data_ = static_cast<std::byte*>(block);
  memory.address_ = reinterpret_cast<uint64_t>(block);
  memory.bytes_ = bytes;
  return memory;
}

DmaMemory::~DmaMemory() {
  if (data_ != nullptr) ::operator delete(data_, kAlignment);
}

DmaFinder::Place DmaFinder::LookUp(uint64_t address) {
  // As on the machine, where each page may be anywhere.
  return {address, kDmaPageBytes - address % kDmaPageBytes};
}

uint64_t DmaFinder::Epoch() { return 0; }

}  // namespace ebbrt::platform
