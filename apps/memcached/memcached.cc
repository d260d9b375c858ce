// memcached: a cache of keys and values, to the protocols of memcached 1.6.
#include <algorithm>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "apps/memcached/item.h"
#include "apps/memcached/server.h"
#include "apps/memcached/server_state.h"
#include "core/app/application.h"
#include "core/app/parameters.h"
#include "core/async/combinators.h"
#include "core/async/future.h"
#include "core/base/types.h"
#include "core/ebb/ebb.h"
#include "core/net/endpoint.h"
#include "core/net/network.h"
#include "platform/current.h"

namespace ebbrt::memcached {
namespace {

// Under the limit there is always room for some of the largest items.
constexpr int64_t kLargestItemsMin = 8;

absl::StatusOr<Settings> ReadSettings(const Json& parameters) {
  constexpr int64_t kMemoryMiBMax = int64_t{1} << 24;
  constexpr int64_t kItemBytesMin = 1024;
  constexpr int64_t kItemBytesMax = int64_t{1} << 30;
  constexpr int64_t kConnectionsMax = 1'000'000;
  Settings settings;
  ParameterReader reader(parameters);
  settings.address = reader.Text("address", settings.address);
  settings.port = static_cast<uint16_t>(
      reader.Integer("port", settings.port, {.min = 0, .max = 65535}));
  int64_t memory_mib = reader.Integer(
      "memory_mib", 64, {.min = 8, .max = kMemoryMiBMax, .unit = "MiB"});
  int64_t item_bytes = reader.Integer(
      "item_size_max_bytes", static_cast<int64_t>(settings.item_bytes_max),
      {.min = kItemBytesMin, .max = kItemBytesMax, .unit = "bytes"});
  settings.connections_max = static_cast<uint32_t>(
      reader.Integer("connections_max", settings.connections_max,
                     {.min = 1, .max = kConnectionsMax}));
  settings.memory_bytes = static_cast<size_t>(memory_mib) * kMiB;
  settings.item_bytes_max = static_cast<size_t>(item_bytes);
  settings.core_count = Platform::CoreCount();
  if (settings.memory_bytes / kLargestItemsMin < settings.item_bytes_max) {
    reader.Reject("memory_mib",
                  "at least " + std::to_string(kLargestItemsMin) +
                      " times item_size_max_bytes");
  }
  if (!IpAddress::Parse(settings.address).ok()) {
    reader.Reject("address", "an IP address, such as \"127.0.0.1\"");
  }
  absl::Status status = reader.Finish();
  if (!status.ok()) return status;
  return settings;
}

Future<void> ShutDown(EbbRef<Server> server) {
  std::vector<Future<void>> cores;
  for (uint32_t i = 0; i < Platform::CoreCount(); ++i) {
    cores.push_back(Async(CoreId(i), [server] { return server->Shutdown(); }));
  }
  return WhenAll(std::move(cores)).Then([](std::vector<absl::Status>) {});
}

}  // namespace

Future<int> Main(Application& application) {
  absl::StatusOr<Settings> settings = ReadSettings(application.parameters());
  if (!settings.ok()) co_return settings.status();

  auto state = std::make_shared<ServerState>(*settings);
  EbbRef<Server> server = CreatePerCoreEbb<Server>(
      [state, start = Platform::Now(), unix_start = Platform::WallClock()] {
        return std::make_unique<Server>(state, start, unix_start);
      });
  Endpoint wanted{*IpAddress::Parse(settings->address), settings->port};
  absl::StatusOr<Endpoint> endpoint = co_await ListenTcpOnAllCores(
      wanted, [server](const Endpoint&) { return server->Accept(); });
  if (!endpoint.ok()) co_return endpoint.status();
  application.ReportReady(
      {{"port", endpoint->port}, {"endpoint", endpoint->ToString()}});

  absl::Status stopped = co_await application.StopRequested();
  if (!stopped.ok()) co_return stopped;
  absl::Status down = co_await ShutDown(server);
  if (!down.ok()) co_return down;
  co_return 0;
}

}  // namespace ebbrt::memcached

EBBRT_APPLICATION("memcached", ebbrt::memcached::Main);
