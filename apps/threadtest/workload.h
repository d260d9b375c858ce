// The workloads: what each core allocates and frees.
//
//   threadtest         N/cores objects are allocated, then freed, i times
//   larson             N slots a core; in each of i rounds N random ones are
//                      freed and refilled with a random size; between rounds
//                      a core's slots go to the next core
//   producer_consumer  core 2k allocates i times N objects, core 2k+1 frees
//                      them
//
// Cores: Run from core 0; it uses all cores of the node. Blocks: no. Allocates:
// that is the point. Bound: as the workload says. Errors: kResourceExhausted
// where memory is refused.
#ifndef EBBRT_APPS_THREADTEST_WORKLOAD_H_
#define EBBRT_APPS_THREADTEST_WORKLOAD_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/async/future.h"
#include "core/base/types.h"

namespace ebbrt::threadtest {

struct Workload {
  std::string kind = "threadtest";
  size_t objects = 0;     // N
  size_t iterations = 0;  // i
  size_t bytes_min = 8;
  size_t bytes_max = 8;
  uint64_t seed = 1;
};

struct Measurement {
  Duration duration;
  uint64_t cycles = 0;
  uint64_t operations = 0;  // An allocation and its free are one.
};

Future<Measurement> Run(Workload workload);

}  // namespace ebbrt::threadtest

#endif  // EBBRT_APPS_THREADTEST_WORKLOAD_H_
