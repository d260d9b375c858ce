// The wire between two TAP devices, as a program of its own: it delays and
// loses frames, for whatever the kernel has put behind the two.
//
// Each direction has its own faults, drawn from the node's seed, frame by
// frame: the same frames are lost whoever sends them.
#include <chrono>
#include <cmath>
#include <memory>
#include <string>

#include "core/app/application.h"
#include "core/app/parameters.h"
#include "core/async/future.h"
#include "core/base/types.h"
#include "core/net/link/faulty_nic.h"
#include "core/net/link/relay.h"
#include "core/net/nic.h"
#include "platform/linux/nic/tap.h"

namespace ebbrt {
namespace {

// At the longest delay of an ordinary path this is a gigabit a second.
constexpr size_t kFramesMax = 8192;
constexpr double kDelayNsMax = 10e9;
constexpr double kRateMax = 1e12;

struct Options {
  std::string near;
  std::string far;
  NicFaults faults;
};

absl::StatusOr<Options> Read(const Json& parameters) {
  ParameterReader reader(parameters);
  Options options;
  options.near = reader.Text("near", "near0");
  options.far = reader.Text("far", "far0");
  const auto probability = [&reader](std::string_view key) {
    return reader.Number(key, 0, {.min = 0, .max = 1});
  };
  NicFaults& faults = options.faults;
  faults.loss = probability("loss");
  faults.duplicate = probability("duplicate");
  faults.corrupt = probability("corrupt");
  faults.reorder = probability("reorder");
  faults.delay = std::chrono::nanoseconds(reader.Integer(
      "delay_ns", 0,
      {.min = 0, .max = static_cast<int64_t>(kDelayNsMax), .unit = "ns"}));
  faults.bytes_per_second = static_cast<uint64_t>(std::ceil(
      reader.Number("rate_bps", 0, {.min = 0, .max = kRateMax}) / 8));
  faults.frames_max = kFramesMax;
  absl::Status status = reader.Finish();
  if (!status.ok()) return status;
  return options;
}

absl::StatusOr<std::unique_ptr<Nic>> Open(const std::string& device,
                                          const NicFaults& faults) {
  absl::StatusOr<std::unique_ptr<Nic>> tap =
      nic::OpenTap({.device = device, .address = {}, .offloads = false});
  if (!tap.ok()) return tap.status();
  return WithFaults(*std::move(tap), faults);
}

Json ReportOf(const Relay::Counters& counters) {
  return {{"passed", counters.passed}, {"dropped", counters.dropped}};
}

Future<int> Main(Application& application) {
  absl::StatusOr<Options> options = Read(application.parameters());
  if (!options.ok()) co_return options.status();
  options->faults.seed = 2 * application.seed();
  auto near = Open(options->near, options->faults);
  if (!near.ok()) co_return near.status();
  ++options->faults.seed;
  auto far = Open(options->far, options->faults);
  if (!far.ok()) co_return far.status();
  auto relay = Relay::Start(*std::move(near), *std::move(far));
  if (!relay.ok()) co_return relay.status();
  application.ReportReady(Json::object());
  absl::Status stopped = co_await application.StopRequested();
  application.ReportMetrics({{"from_near", ReportOf((*relay)->from_a())},
                             {"from_far", ReportOf((*relay)->from_b())}});
  if (!stopped.ok()) co_return stopped;
  co_return 0;
}

}  // namespace
}  // namespace ebbrt

EBBRT_APPLICATION("relay", ebbrt::Main);
