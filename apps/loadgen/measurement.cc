#include "apps/loadgen/measurement.h"

namespace ebbrt::loadgen {

void Measurement::Add(const Measurement& other) {
  gets.Add(other.gets);
  sets.Add(other.sets);
  started += other.started;
  hits += other.hits;
  misses += other.misses;
  stored += other.stored;
  completed_in_window += other.completed_in_window;
  refused += other.refused;
  wrong_values += other.wrong_values;
  lost += other.lost;
  unanswered += other.unanswered;
  unsent += other.unsent;
  bytes_received += other.bytes_received;
  bytes_sent += other.bytes_sent;
  connections_lost += other.connections_lost;
}

LatencyHistogram Measurement::all() const {
  LatencyHistogram sum;
  sum.Add(gets);
  sum.Add(sets);
  return sum;
}

double Measurement::ThroughputRps(Duration window) const {
  return static_cast<double>(completed_in_window) /
         std::chrono::duration<double>(window).count();
}

nlohmann::json Measurement::ToJson(Duration window) const {
  LatencyHistogram both = all();
  return {
      {"throughput_rps", ThroughputRps(window)},
      {"duration_s", std::chrono::duration<double>(window).count()},
      {"started", started},
      {"gets", hits + misses},
      {"sets", stored},
      {"hits", hits},
      {"misses", misses},
      {"errors", errors()},
      {"error_kinds",
       {{"refused", refused},
        {"wrong_values", wrong_values},
        {"lost", lost},
        {"unanswered", unanswered},
        {"unsent", unsent}}},
      {"connections_lost", connections_lost},
      {"bytes_received", bytes_received},
      {"bytes_sent", bytes_sent},
      {"latency_ns", both.Summary()},
      {"get_latency_ns", gets.Summary()},
      {"set_latency_ns", sets.Summary()},
      {"latency_histogram_ns", both.Buckets()},
  };
}

}  // namespace ebbrt::loadgen
