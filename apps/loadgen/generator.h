// The load generator as a whole: loads the server, measures it, and reports.
//
// Cores: core 0; it makes the drivers of all cores. Ownership: the caller's,
// until the future is there. Blocks: no. Allocates: yes.
// Errors: kInvalidArgument for wrong parameters; kUnavailable where the server
// cannot be reached, or is lost for good; what goes wrong with single requests
// is counted and reported.
// Source: the method is mutilate's, which the paper measured with; see
// README.md for where this departs from mutilate.
#ifndef EBBRT_APPS_LOADGEN_GENERATOR_H_
#define EBBRT_APPS_LOADGEN_GENERATOR_H_

#include "core/app/application.h"
#include "core/async/future.h"

namespace ebbrt::loadgen {

// The application's entry point.
Future<int> RunLoadGenerator(Application& application);

}  // namespace ebbrt::loadgen

#endif  // EBBRT_APPS_LOADGEN_GENERATOR_H_
