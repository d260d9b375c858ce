// Statistics: what one core has counted.
//
// Cores: each counts in its own, and any may read them meanwhile: a counter is
// written by plain stores, without a locked instruction.
// Ownership: a value. Blocks, allocates: never.
#ifndef EBBRT_APPS_MEMCACHED_STATISTICS_H_
#define EBBRT_APPS_MEMCACHED_STATISTICS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/base/types.h"

namespace ebbrt::memcached {

enum class Counter : uint8_t {
  kGetHits,
  kGetMisses,
  kSets,
  kTouchHits,
  kTouchMisses,
  kDeleteHits,
  kDeleteMisses,
  kIncrementHits,
  kIncrementMisses,
  kDecrementHits,
  kDecrementMisses,
  kCasHits,
  kCasMisses,
  kCasMismatches,
  kFlushes,
  kMetaDebugs,
  kTooLarge,
  kNoMemory,
  kBytesRead,
  kBytesWritten,
  kConnectionsOpened,
  kConnectionsClosed,
  kConnectionsRejected,
  kCount,  // How many there are.
};

inline constexpr size_t kCounters = static_cast<size_t>(Counter::kCount);
using CounterValues = std::array<uint64_t, kCounters>;

class alignas(kNoSharingBytes) Statistics {
 public:
  void Add(Counter counter, uint64_t amount = 1) {
    std::atomic<uint64_t>& value = values_[static_cast<size_t>(counter)];
    // Only this core writes, so nothing is lost between the two.
    value.store(value.load(std::memory_order_relaxed) + amount,
                std::memory_order_relaxed);
  }

  void AddTo(CounterValues& sum) const {
    for (size_t i = 0; i < kCounters; ++i) {
      sum[i] += values_[i].load(std::memory_order_relaxed);
    }
  }

 private:
  std::array<std::atomic<uint64_t>, kCounters> values_{};
};

}  // namespace ebbrt::memcached

#endif  // EBBRT_APPS_MEMCACHED_STATISTICS_H_
