#include "core/base/check.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace ebbrt::internal {
namespace {

// Of the whole process: it ends at the first failure.
constinit std::atomic_flag told;

}  // namespace

void CheckFailed(const char* file, int line, const char* condition) {
  // stderr is unbuffered, so that this allocates nothing: a check may have
  // failed inside the allocator.
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, condition);
  TellMoreOnce();
  std::abort();
}

void TellMoreOnce() {
  bool first = !told.test_and_set(std::memory_order_relaxed);
  if (first && TellMoreOfFailure != nullptr) TellMoreOfFailure();
}

}  // namespace ebbrt::internal
