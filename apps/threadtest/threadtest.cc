// Drives the allocator that it is linked with: threadtest, larson, and objects
// that one core makes and another frees.
//
// Source: Berger et al., "Hoard: A Scalable Memory Allocator", 2000 (the first
// in section 4 of the EbbRT paper too); Larson and Krishnan, "Memory
// Allocation for Long-Running Server Applications", 1998.
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "apps/threadtest/workload.h"
#include "core/app/application.h"
#include "core/app/parameters.h"
#include "platform/current.h"

namespace ebbrt::threadtest {
namespace {

constexpr int64_t kObjectsMax = 100'000'000;
constexpr int64_t kObjectBytesMax = 1 << 20;

absl::StatusOr<Workload> ReadParameters(const Json& parameters) {
  ParameterReader reader(parameters);
  Workload workload;
  workload.kind =
      reader.Choice("workload", "threadtest",
                    {"threadtest", "larson", "producer_consumer"});
  workload.objects =
      reader.Integer("objects", 100'000, {.min = 1, .max = kObjectsMax});
  workload.iterations =
      reader.Integer("iterations", 100, {.min = 1, .max = kObjectsMax});
  workload.bytes_min = reader.Integer(
      "object_bytes", 8, {.min = 1, .max = kObjectBytesMax, .unit = "bytes"});
  workload.bytes_max = reader.Integer(
      "object_bytes_max", static_cast<int64_t>(workload.bytes_min),
      {.min = static_cast<int64_t>(workload.bytes_min),
       .max = kObjectBytesMax,
       .unit = "bytes"});
  absl::Status status = reader.Finish();
  if (!status.ok()) return status;
  return workload;
}

Future<int> Main(Application& application) {
  absl::StatusOr<Workload> workload =
      ReadParameters(application.parameters());
  if (!workload.ok()) co_return workload.status();
  workload->seed = application.seed();
  if (workload->kind == "producer_consumer" && Platform::CoreCount() < 2) {
    co_return absl::InvalidArgumentError(
        "workload: producer_consumer needs two cores");
  }
  absl::StatusOr<Measurement> measurement = co_await Run(*workload);
  if (!measurement.ok()) co_return measurement.status();
  const double seconds =
      std::chrono::duration<double>(measurement->duration).count();
  const double rate = static_cast<double>(measurement->operations) / seconds;
  application.ReportMetrics({{"duration_s", seconds},
                             {"operations", measurement->operations},
                             {"operations_per_second", rate},
                             {"cycles", measurement->cycles}});
  co_return 0;
}

}  // namespace
}  // namespace ebbrt::threadtest

EBBRT_APPLICATION("threadtest", ebbrt::threadtest::Main);
