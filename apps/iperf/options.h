// iperf's parameters, checked.
//
//   key              default      what it is                      iperf 2's
//   mode             "server"     reads all that comes; or        -s
//                    "client"     sends, and measures             -c
//   address          "0.0.0.0"    of the server, to listen on     -B
//   port             5001         of the server; 0: any free one  -p
//   connections_max  1000         of the server, at a time, over all cores
// of the client alone:
//   server           "127.0.0.1:5001"  where the server is        -c, -p
//   connections      1            spread over the cores           -P
//   message_bytes    131072       handed to the network at once   -l
//   duration_s       10           how long to send; or            -t
//   bytes            none         how much, over all connections  -n
//   connect_s        10           how long to try for connections
//
// Cores: any. Blocks: no. Allocates: yes.
// Errors: kInvalidArgument, as core/app/parameters.h.
#ifndef EBBRT_APPS_IPERF_OPTIONS_H_
#define EBBRT_APPS_IPERF_OPTIONS_H_

#include <cstddef>
#include <cstdint>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "core/base/types.h"
#include "core/net/endpoint.h"

namespace ebbrt::iperf {

struct Options {
  bool is_client = false;
  Endpoint endpoint;  // Where the server is, or is to be.
  uint32_t connections_max = 1000;
  uint32_t connections = 1;
  size_t message_bytes = 128 * kKiB;
  Duration duration{};
  uint64_t bytes = 0;  // 0: as many as `duration` has room for.
  Duration connect{};
};

absl::StatusOr<Options> ReadOptions(const nlohmann::json& parameters);

}  // namespace ebbrt::iperf

#endif  // EBBRT_APPS_IPERF_OPTIONS_H_
