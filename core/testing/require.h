// Ends a test where the machine has not what it needs.
//
//   RequireCores(4);   // From here on a node of four cores can be had.
//
// Each returns, or skips the test with the reason and leaves it by an exception
// that GoogleTest knows.
//
// Cores: called from a test, off any core, with no node running. Blocks:
// RequireCores, while it brings a node up to see, once for each size.
// Errors: a machine that has the cores and does not bring them up is a failed
// check.
#ifndef EBBRT_CORE_TESTING_REQUIRE_H_
#define EBBRT_CORE_TESTING_REQUIRE_H_

#include <cstdint>

namespace ebbrt::testing {

void RequireCores(uint32_t core_count);

// So many threads beside the test's own.
void RequireThreads(uint32_t thread_count);

}  // namespace ebbrt::testing

#endif  // EBBRT_CORE_TESTING_REQUIRE_H_
