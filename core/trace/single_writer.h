// SingleWriter: a number that one core writes and any core may read meanwhile.
//
// For the writer it costs what a plain number costs.
//
// Cores: written by one at a time, read by any. Blocks, allocates: never.
#ifndef EBBRT_CORE_TRACE_SINGLE_WRITER_H_
#define EBBRT_CORE_TRACE_SINGLE_WRITER_H_

#include <atomic>

namespace ebbrt {

template <typename T>
class SingleWriter {
 public:
  constexpr SingleWriter() = default;

  // Relaxed: a number says nothing about other memory, and with a single
  // writer a load and a store are an addition.
  T value() const { return value_.load(std::memory_order_relaxed); }
  void Set(T value) { value_.store(value, std::memory_order_relaxed); }
  void Add(T more) { Set(value() + more); }
  void RaiseTo(T least) {
    if (value() < least) Set(least);
  }

 private:
  std::atomic<T> value_{};
};

}  // namespace ebbrt

#endif  // EBBRT_CORE_TRACE_SINGLE_WRITER_H_
