-- What wrk has measured, as the line that our applications report with.
function done(summary, latency, requests)
  local seconds = summary.duration / 1e6
  local errors = summary.errors
  print(string.format(
    '@ebbrt {"event": "metrics", "metrics": {"throughput_rps": %f, ' ..
    '"received_bytes": %d, "errors": %d, "latency_ns": {"mean": %f, ' ..
    '"p50": %f, "p99": %f, "max": %f}}}',
    summary.requests / seconds, summary.bytes,
    errors.connect + errors.read + errors.write + errors.status +
      errors.timeout,
    latency.mean * 1e3, latency:percentile(50) * 1e3,
    latency:percentile(99) * 1e3, latency.max * 1e3))
end
