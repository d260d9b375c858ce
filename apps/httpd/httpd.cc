// httpd: serves pages that it is given, by HTTP/1.1.
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "apps/httpd/server.h"
#include "apps/httpd/site.h"
#include "core/app/application.h"
#include "core/async/combinators.h"
#include "core/async/future.h"
#include "core/ebb/ebb.h"
#include "core/net/endpoint.h"
#include "core/net/network.h"
#include "platform/current.h"

namespace ebbrt::httpd {
namespace {

Future<Statistics> ShutDown(EbbRef<Server> server) {
  std::vector<Future<Statistics>> cores;
  for (uint32_t i = 0; i < Platform::CoreCount(); ++i) {
    cores.push_back(Async(CoreId(i), [server] { return server->Shutdown(); }));
  }
  auto parts = co_await WhenAll(std::move(cores));
  if (!parts.ok()) co_return parts.status();
  Statistics sum;
  for (const absl::StatusOr<Statistics>& part : *parts) {
    if (!part.ok()) co_return part.status();
    sum.Add(*part);
  }
  co_return sum;
}

Json ToJson(const Statistics& statistics) {
  return {{"connections", statistics.connections},
          {"connections_refused", statistics.connections_refused},
          {"connections_timed_out", statistics.connections_timed_out},
          {"responses", statistics.responses},
          {"responses_4xx", statistics.errors_of_clients},
          {"responses_5xx", statistics.errors_of_server},
          {"bytes_received", statistics.bytes_received},
          {"bytes_sent", statistics.bytes_sent}};
}

}  // namespace

Future<int> Main(Application& application) {
  auto configuration = ReadConfiguration(application.parameters());
  if (!configuration.ok()) co_return configuration.status();

  auto state = std::make_shared<SharedState>(*configuration);
  EbbRef<Server> server = CreatePerCoreEbb<Server>(
      [state] { return std::make_unique<Server>(state); });
  absl::StatusOr<Endpoint> endpoint = co_await ListenTcpOnAllCores(
      (*configuration)->settings.endpoint,
      [server](const Endpoint&) { return server->Accept(); });
  if (!endpoint.ok()) co_return endpoint.status();
  application.ReportReady(
      {{"port", endpoint->port}, {"endpoint", endpoint->ToString()}});

  absl::Status stopped = co_await application.StopRequested();
  if (!stopped.ok()) co_return stopped;
  absl::StatusOr<Statistics> statistics = co_await ShutDown(server);
  if (!statistics.ok()) co_return statistics.status();
  application.ReportMetrics(ToJson(*statistics));
  co_return 0;
}

}  // namespace ebbrt::httpd

EBBRT_APPLICATION("httpd", ebbrt::httpd::Main);
