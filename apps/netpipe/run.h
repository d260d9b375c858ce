// Both ends of NetPIPE as an application runs them.
//
// Cores: core 0, and what is measured is there too: a connection is one
// core's. Ownership: the caller's, until the future is there. Blocks: no.
// Allocates: yes. Bound: of a receiver kConnectionsMax connections at a time.
// Errors: kUnavailable where there is no receiver, or where it is lost;
// kDataLoss where messages come back as they were not sent; kInvalidArgument
// for wrong parameters, also where the two ends have been given different ones.
#ifndef EBBRT_APPS_NETPIPE_RUN_H_
#define EBBRT_APPS_NETPIPE_RUN_H_

#include <cstddef>

#include "core/app/application.h"
#include "core/async/future.h"

namespace ebbrt::netpipe {

inline constexpr size_t kConnectionsMax = 64;

// The application's entry point: serves until it is asked to stop, or measures
// once, and reports.
Future<int> RunNetpipe(Application& application);

}  // namespace ebbrt::netpipe

#endif  // EBBRT_APPS_NETPIPE_RUN_H_
