#include "apps/iperf/run.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "apps/iperf/client.h"
#include "apps/iperf/options.h"
#include "apps/iperf/server.h"
#include "core/async/combinators.h"
#include "core/base/types.h"
#include "core/ebb/ebb.h"
#include "core/net/endpoint.h"
#include "core/net/network.h"
#include "platform/current.h"

namespace ebbrt::iperf {
namespace {

constexpr Duration kRetryDelay = std::chrono::milliseconds(50);

// The outcomes of a call of each core's part, by core.
template <typename Part, typename Function>
auto OnEachCore(EbbRef<Part> part, Function function) {
  auto call = [part, function] { return function(*part); };
  std::vector<decltype(Async(CoreId(0), call))> calls;
  for (uint32_t core = 0; core < Platform::CoreCount(); ++core) {
    calls.push_back(Async(CoreId(core), call));
  }
  return WhenAll(std::move(calls));
}

// Those of all cores together; the first failure, if there is one.
template <typename Value>
absl::StatusOr<Value> SumOf(
    const absl::StatusOr<std::vector<absl::StatusOr<Value>>>& parts) {
  if (!parts.ok()) return parts.status();
  Value sum;
  for (const absl::StatusOr<Value>& part : *parts) {
    if (!part.ok()) return part.status();
    sum.Add(*part);
  }
  return sum;
}

Json Throughput(uint64_t bytes, Duration duration) {
  const double seconds =
      std::max(std::chrono::duration<double>(duration).count(), 0.0);
  return {{"bytes", bytes},
          {"duration_s", seconds},
          {"throughput_bps",
           seconds > 0 ? 8 * static_cast<double>(bytes) / seconds : 0}};
}

// What the network counted, where it does.
Future<void> AddNetwork(Json& metrics) {
  absl::StatusOr<std::map<std::string, uint64_t>> counters =
      co_await CountersOfAllCores();
  if (!counters.ok()) co_return counters.status();
  if (!counters->empty()) metrics["network"] = *counters;
  co_return absl::OkStatus();
}

Future<int> Serve(Application& application, const Options& options) {
  const Endpoint wanted = options.endpoint;
  auto state = std::make_shared<SharedState>(options.connections_max);
  EbbRef<Server> server = CreatePerCoreEbb<Server>(
      [state] { return std::make_unique<Server>(state); });
  absl::StatusOr<Endpoint> endpoint = co_await ListenTcpOnAllCores(
      wanted, [server](const Endpoint&) { return server->Accept(); });
  if (!endpoint.ok()) co_return endpoint.status();
  application.ReportReady(
      {{"port", endpoint->port}, {"endpoint", endpoint->ToString()}});
  absl::Status stopped = co_await application.StopRequested();
  if (!stopped.ok()) co_return stopped;
  absl::StatusOr<Received> received = SumOf<Received>(co_await OnEachCore(
      server, [](Server& part) { return part.Shutdown(); }));
  if (!received.ok()) co_return received.status();
  const bool is_any = received->bytes > 0;
  Json metrics = Throughput(received->bytes, is_any
                                                 ? received->last -
                                                       received->first
                                                 : Duration::zero());
  metrics["connections"] = received->connections;
  metrics["connections_failed"] = received->connections_failed;
  absl::Status counted = co_await AddNetwork(metrics);
  if (!counted.ok()) co_return counted;
  application.ReportMetrics(std::move(metrics));
  co_return 0;
}

// Opens all connections, as often as it takes within the time for that.
Future<void> OpenAll(EbbRef<Client> client, Time until,
                     std::shared_ptr<const bool> is_stopped) {
  while (true) {
    auto opened = co_await OnEachCore(
        client, [](Client& part) { return part.Open(); });
    if (!opened.ok()) co_return opened.status();
    absl::Status failure;
    for (const absl::Status& status : *opened) {
      if (failure.ok()) failure = status;
    }
    if (failure.ok() || *is_stopped || Platform::Now() >= until) {
      co_return failure;
    }
    absl::Status waited = co_await Delay(kRetryDelay);
    if (!waited.ok()) co_return waited;
  }
}

Future<int> Measure(Application& application,
                    std::shared_ptr<const Options> options) {
  EbbRef<Client> client = CreatePerCoreEbb<Client>(
      [options] { return std::make_unique<Client>(options); });
  auto is_stopped = std::make_shared<bool>(false);
  static_cast<void>(application.StopRequested().Then([client, is_stopped] {
    *is_stopped = true;
    static_cast<void>(
        OnEachCore(client, [](Client& part) { part.Stop(); }));
  }));
  auto named = [options](const absl::Status& status) {
    return absl::Status(status.code(),
                        absl::StrCat(options->endpoint.ToString(), ": ",
                                     status.message()));
  };
  absl::Status opened =
      co_await OpenAll(client, Platform::Now() + options->connect, is_stopped);
  if (!opened.ok()) {
    static_cast<void>(co_await OnEachCore(
        client, [](Client& part) { part.Stop(); }));
    co_return named(opened);
  }
  application.ReportProgress(0);
  const Time begin = Platform::Now();
  const Time deadline =
      options->bytes > 0 ? kTimeNever : begin + options->duration;
  absl::StatusOr<Sent> sent = SumOf<Sent>(co_await OnEachCore(
      client, [deadline](Client& part) { return part.Run(deadline); }));
  if (!sent.ok()) co_return sent.status();
  // Without a connection that came to its end, it ends with the last that was
  // lost.
  const Time end = sent->end > begin ? sent->end : Platform::Now();
  Json metrics = Throughput(sent->bytes, end - begin);
  metrics["messages"] = sent->messages;
  metrics["connections"] = sent->connections;
  metrics["connections_lost"] = sent->connections_lost;
  absl::Status counted = co_await AddNetwork(metrics);
  if (!counted.ok()) co_return counted;
  application.ReportMetrics(std::move(metrics));
  if (*is_stopped) co_return absl::AbortedError("stopped before the end");
  if (!sent->failure.ok()) co_return named(sent->failure);
  co_return 0;
}

}  // namespace

Future<int> RunIperf(Application& application) {
  absl::StatusOr<Options> options = ReadOptions(application.parameters());
  if (!options.ok()) co_return options.status();
  if (!options->is_client) co_return co_await Serve(application, *options);
  co_return co_await Measure(application,
                             std::make_shared<const Options>(*options));
}

}  // namespace ebbrt::iperf
