#include "apps/netpipe/measurement.h"

#include <algorithm>
#include <string>

namespace ebbrt::netpipe {

nlohmann::json Measurement::ToJson() const {
  nlohmann::json metrics = {
      {"messages", messages},
      {"wrong_messages", wrong_messages},
      {"sizes", sizes.size()}};
  if (sizes.empty()) return metrics;
  double highest = 0;
  for (const Measured& measured : sizes) {
    metrics["size_" + std::to_string(measured.bytes)] = {
        {"latency_ns", measured.latency_ns},
        {"throughput_bps", measured.throughput_bps()}};
    highest = std::max(highest, measured.throughput_bps());
  }
  metrics["latency_ns"] = sizes.front().latency_ns;
  metrics["throughput_bps"] = highest;
  return metrics;
}

}  // namespace ebbrt::netpipe
