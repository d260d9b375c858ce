#include "core/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace ebbrt::internal {

void CheckFailed(const char* file, int line, const char* condition) {
  // stderr is unbuffered, so that this allocates nothing: a check may have
  // failed inside the allocator.
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace ebbrt::internal
