// The load generator's parameters, checked.
//
//   key            default            what it is
//   server         "127.0.0.1:11211"  address and port
//   connections    16                 in total, spread over the cores
//   depth          4                  requests in flight on each, at most
//   protocol       "binary"           of memcached; or "text"; or "http", where
//                                     every request is a GET of `path`
//   path           "/"                of http, which has no use for records,
//                                     set_fraction, keys, values, load, verify
//   mode           "closed"           closed: as many requests as the depth
//                                     allows, always; open: arrivals at
//                                     rate_rps; search: the highest open rate
//                                     that meets the sla; idle: no requests,
//                                     the connections are only held
//   rate_rps       0                  of open; of search, the highest that is
//                                     tried (0: what closed reaches)
//   sla            {percentile: 99, latency_ns: 500000}; of search.
//                                     sla_p99_ns: N is short for it
//   records        10000              keys
//   set_fraction   0.033              of the requests; the others are gets
//   keys, values   "etc"              sizes in bytes: a number, or an object
//   interarrival   "etc"              or "exponential", "fixed", an object; its
//                                     mean is scaled to the rate
//   load           true               set every key once, first
//   verify         false              check every value that is read, and read
//                                     every key once after loading
//   warmup_s       0.5                before the measured window
//   duration_s     2                  the measured window
//   poll           true               wait for open arrivals by polling the
//                                     clock, not by timers (never in virtual
//                                     time)
//
// A distribution as an object: {"distribution": "fixed", value},
// {"uniform", min, max}, {"normal", mean, deviation}, {"exponential", mean},
// {"pareto" | "gev", location, scale, shape}.
//
// Cores: any. Blocks: no. Allocates: yes.
// Errors: kInvalidArgument, as core/app/parameters.h.
#ifndef EBBRT_APPS_LOADGEN_OPTIONS_H_
#define EBBRT_APPS_LOADGEN_OPTIONS_H_

#include <cstdint>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "apps/loadgen/distribution.h"
#include "apps/loadgen/protocol.h"
#include "apps/loadgen/workload.h"
#include "core/base/types.h"
#include "core/net/endpoint.h"

namespace ebbrt::loadgen {

enum class Mode { kClosed, kOpen, kSearch, kIdle };

struct ServiceLevel {
  double percentile = 99;
  Duration latency = std::chrono::microseconds(500);
};

struct Options {
  static constexpr int64_t kConnectionsMax = 100'000;
  static constexpr int64_t kDepthMax = 1024;

  Endpoint server;
  uint32_t connections = 16;
  uint32_t depth = 4;
  Protocol protocol = Protocol::kBinary;
  Mode mode = Mode::kClosed;
  double rate_rps = 0;
  ServiceLevel sla;
  Workload::Settings workload;
  Distribution gaps = Distribution::EtcGap();
  bool load = true;
  bool verify = false;
  bool poll = true;
  Duration warmup{};
  Duration duration{};
  uint64_t seed = 1;
};

absl::StatusOr<Options> ReadOptions(const nlohmann::json& parameters,
                                    uint64_t seed);

}  // namespace ebbrt::loadgen

#endif  // EBBRT_APPS_LOADGEN_OPTIONS_H_
