// NetPIPE's parameters, checked.
//
//   key             default      what it is                        NPtcp's
//   mode            "receiver"   sends messages back; or           (no -h)
//                   "transmitter"  sends and measures              -h
//   address         "0.0.0.0"    of the receiver, to listen on
//   port            5002         of the receiver; 0: any free one  -P
//   server          "127.0.0.1:5002"  of the transmitter: where
//                                the receiver is                   -h, -P
//   first_bytes     1            the smallest message              -l
//   last_bytes      10000000     the largest, but for neighbours   -u
//   perturbation_bytes  3        the neighbours' distance; 0: none -p
//   trials          3            of each size, the best of which counts; NPtcp
//                                has 3, and 1 when it checks messages (-i)
//   silence_s       30           how long nothing may move on a connection
// of the transmitter alone:
//   repeats         0            of a trial; 0: as many as trial_s has -n
//   trial_s         0.1          about how long a trial takes
//   stop_s          1            no larger message once one takes so long
//   verify          false        whether messages come back as they were sent
//   connect_s       10           how long to try for a connection
//
// Cores: any. Blocks: no. Allocates: yes.
// Errors: kInvalidArgument, as core/app/parameters.h.
#ifndef EBBRT_APPS_NETPIPE_OPTIONS_H_
#define EBBRT_APPS_NETPIPE_OPTIONS_H_

#include <cstdint>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "apps/netpipe/schedule.h"
#include "core/base/types.h"
#include "core/net/endpoint.h"

namespace ebbrt::netpipe {

struct Options {
  // So that times and counts stay within their types.
  static constexpr int64_t kMessageBytesMax = int64_t{1} << 28;
  static constexpr uint32_t kRepeatsMax = 1'000'000;

  bool is_transmitter = false;
  Endpoint endpoint;  // Where the receiver is, or is to be.
  uint32_t first_bytes = 1;
  uint32_t trials = 3;
  std::vector<Step> schedule;
  Duration silence{};
  uint32_t repeats = 0;
  Duration trial{};
  Duration stop{};
  Duration connect{};
  bool verify = false;
};

absl::StatusOr<Options> ReadOptions(const nlohmann::json& parameters);

}  // namespace ebbrt::netpipe

#endif  // EBBRT_APPS_NETPIPE_OPTIONS_H_
