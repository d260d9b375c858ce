// Refuses chosen allocations, to show that what is refused is put up with.
//
//   for (uint64_t nth = 0;; ++nth) {
//     RefuseAllocation refuse(nth);
//     ... what allocates, and must cope ...
//     if (!refuse.refused()) break;   // It made no more than `nth`.
//   }
//
// It bears on the allocations whose failure is a null pointer, that is on
// operator new with std::nothrow; the linker hands those of the whole program
// here (--wrap), whichever allocator is behind them.
//
// Cores: a refusal counts, and refuses, the allocations of its own thread.
// Ownership: one at a time a thread. Blocks, allocates: never.
#ifndef EBBRT_CORE_TESTING_ALLOCATION_FAULTS_H_
#define EBBRT_CORE_TESTING_ALLOCATION_FAULTS_H_

#include <cstdint>

namespace ebbrt::testing {

class RefuseAllocation {
 public:
  // Refuses the allocation that has `nth` before it, counted from now on.
  explicit RefuseAllocation(uint64_t nth);
  ~RefuseAllocation();
  RefuseAllocation(const RefuseAllocation&) = delete;
  RefuseAllocation& operator=(const RefuseAllocation&) = delete;

  // Whether that allocation was asked for.
  bool refused() const { return seen_ > nth_; }

  // For the allocator's side: counts one, and says whether to refuse it.
  bool Count() { return seen_++ == nth_; }

 private:
  const uint64_t nth_;
  uint64_t seen_ = 0;
};

}  // namespace ebbrt::testing

#endif  // EBBRT_CORE_TESTING_ALLOCATION_FAULTS_H_
