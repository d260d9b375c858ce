// Both ends of iperf as an application runs them.
//
// Cores: core 0; it makes the parts of all cores. Ownership: the caller's,
// until the future is there. Blocks: no. Allocates: yes.
// Errors: kUnavailable where there is no server, or where connections to it are
// lost; kInvalidArgument for wrong parameters. What a client has sent is
// reported all the same.
#ifndef EBBRT_APPS_IPERF_RUN_H_
#define EBBRT_APPS_IPERF_RUN_H_

#include "core/app/application.h"
#include "core/async/future.h"

namespace ebbrt::iperf {

// The application's entry point: serves until it is asked to stop, or sends
// once; then reports
//
//   throughput_bps   of the server from its first byte to its last, of the
//                    client until the server has read everything
//   bytes, duration_s, connections
//   connections_failed            (server)
//   connections_lost, messages    (client)
Future<int> RunIperf(Application& application);

}  // namespace ebbrt::iperf

#endif  // EBBRT_APPS_IPERF_RUN_H_
