#include <algorithm>

#include "platform/baremetal/devices/dma.h"

namespace ebbrt::platform {

DmaFinder::Place DmaFinder::Find(uint64_t address) {
  const uint64_t number = address / kDmaBytesMax;
  Page& large = large_[number % large_.size()];
  if (large.number == number) [[likely]] {
    return {address + large.distance, kDmaBytesMax - address % kDmaBytesMax};
  }
  const uint64_t small_number = address / kDmaPageBytes;
  Page& small = small_[small_number % small_.size()];
  if (small.number == small_number) {
    return {address + small.distance, kDmaPageBytes - address % kDmaPageBytes};
  }
  const Place place = LookUp(address);
  // Within its last small page a large one counts as that.
  if (place.bytes > kDmaPageBytes) {
    large = {number, place.address - address};
  } else {
    small = {small_number, place.address - address};
  }
  return place;
}

size_t DmaFinder::Runs(std::span<const std::byte> data, uint32_t run_bytes_max,
                       std::span<DmaRun> runs) {
  if (const uint64_t epoch = Epoch(); epoch != epoch_) [[unlikely]] {
    large_.fill({});
    small_.fill({});
    epoch_ = epoch;
  }
  size_t count = 0;
  while (!data.empty()) {
    const Place place = Find(reinterpret_cast<uint64_t>(data.data()));
    const auto bytes = static_cast<uint32_t>(std::min(
        {uint64_t{data.size()}, place.bytes, uint64_t{run_bytes_max}}));
    EBBRT_CHECK(count < runs.size());
    runs[count++] = {place.address, bytes};
    data = data.subspan(bytes);
  }
  return count;
}

}  // namespace ebbrt::platform
