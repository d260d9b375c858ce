// Figures of the allocator. See core/mem/allocator.h.
#include <algorithm>
#include <atomic>

#include "core/mem/allocator.h"

namespace ebbrt::mem {
namespace {

// The owner writes these fields as plain variables, for the sake of its speed;
// on x86-64 an aligned load of one sees some value that it had.
template <typename T>
T Peek(const T& field) {
  return std::atomic_ref<T>(const_cast<T&>(field))
      .load(std::memory_order_relaxed);
}

// How many objects of a slab are in use; the inverse of the table in heap.h.
uint32_t ObjectsInUse(GranuleState state, uint32_t countdown,
                      uint32_t objects) {
  switch (state) {
    case GranuleState::kSlabCurrent:
      return std::min(std::max(countdown, 1u) - 1, objects);
    case GranuleState::kSlabPartial:
      return std::min(countdown, objects);
    case GranuleState::kSlabFull:
      return objects - std::max(1u, objects / 8) +
             std::min(countdown, std::max(1u, objects / 8));
    default:
      return 0;
  }
}

void Count(const Granule& granule, Statistics& statistics) {
  GranuleState state = granule.state;
  if (state == GranuleState::kLarge) {
    statistics.large_bytes += Peek(granule.run_granules) * kGranuleBytes;
  } else if (state >= GranuleState::kSlabCurrent) {
    SizeClass size_class = Peek(granule.size_class);
    const internal::SlabShape& shape = internal::kSlabShapes[size_class];
    Statistics::Class& row = statistics.classes[size_class];
    row.slab_bytes += shape.granules * kGranuleBytes;
    row.objects_in_use +=
        ObjectsInUse(state, Peek(granule.countdown), shape.objects);
  }
}

// What waits in bins is given out by its slab, but not in use.
void Subtract(const Heap& heap, Statistics& statistics) {
  for (SizeClass i = 1; i < kSizeClasses; ++i) {
    size_t& in_use = statistics.classes[i].objects_in_use;
    in_use -= std::min<size_t>(in_use, heap.ObjectsInBin(i));
  }
}

}  // namespace

size_t Statistics::bytes_in_use() const {
  size_t bytes = large_bytes;
  for (const Class& row : classes) {
    bytes += row.objects_in_use * row.object_bytes;
  }
  return bytes;
}

Statistics ReadStatistics() {
  Statistics statistics;
  for (SizeClass i = 1; i < kSizeClasses; ++i) {
    statistics.classes[i].object_bytes = ObjectBytes(i);
  }
  PageAllocator& pages = internal::process.pages;
  statistics.pages = pages.Statistics();
  pages.ForEachGranule(
      [&](const Granule& granule) { Count(granule, statistics); });
  for (const Heap& heap : internal::process.common) Subtract(heap, statistics);
  for (const std::atomic<Heap*>& entry : internal::process.cores) {
    // Acquire: pairs with EnterCore.
    const Heap* heap = entry.load(std::memory_order_acquire);
    if (heap != nullptr) Subtract(*heap, statistics);
  }
  return statistics;
}

}  // namespace ebbrt::mem
