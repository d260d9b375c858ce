// What a transmitter has measured, size by size.
//
// Cores: one. Ownership: a value. Blocks: no. Allocates: yes.
// Bound: the schedule's sizes. Units: as named; a latency is one way, half of
// the time there and back.
#ifndef EBBRT_APPS_NETPIPE_MEASUREMENT_H_
#define EBBRT_APPS_NETPIPE_MEASUREMENT_H_

#include <cstdint>
#include <vector>

#include <nlohmann/json.hpp>

namespace ebbrt::netpipe {

struct Measured {
  uint32_t bytes;
  uint32_t repeats;  // Of each trial.
  double latency_ns;  // Of the best trial.

  double throughput_bps() const {
    return latency_ns > 0 ? bytes * 8e9 / latency_ns : 0;
  }
};

struct Measurement {
  std::vector<Measured> sizes;
  uint64_t messages = 0;
  uint64_t wrong_messages = 0;  // That came back other than they were sent.

  // {latency_ns (of the smallest), throughput_bps (the highest), messages,
  //  wrong_messages, sizes (how many), size_64: {latency_ns, throughput_bps}}
  nlohmann::json ToJson() const;
};

}  // namespace ebbrt::netpipe

#endif  // EBBRT_APPS_NETPIPE_MEASUREMENT_H_
