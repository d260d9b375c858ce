// linearizability: clients that do what they like to a few keys of a memcached
// server, and check that what they were told has an order. See README.md.
#include <cinttypes>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "apps/linearizability/checker.h"
#include "apps/linearizability/client.h"
#include "core/app/application.h"
#include "core/app/parameters.h"
#include "core/async/combinators.h"
#include "core/base/types.h"
#include "platform/current.h"

namespace ebbrt::linearizability {
namespace {

constexpr int kExitNotLinearizable = 3;

Duration Seconds(double seconds) {
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(seconds));
}

// What two lives of this program share a server in must not be the same items.
std::string Prefix() {
  uint64_t drawn;
  Platform::FillEntropy(std::as_writable_bytes(std::span(&drawn, 1)));
  char text[24];
  std::snprintf(text, sizeof(text), "%016" PRIx64 ":", drawn);
  return text;
}

absl::StatusOr<ClientOptions> ReadOptions(const Json& parameters) {
  constexpr double kSecondsMax = 86400;
  constexpr ParameterReader::NumberRange kSeconds = {
      .min = 1e-9, .max = kSecondsMax, .unit = "seconds"};
  ClientOptions options;
  ParameterReader reader(parameters);
  std::string server = reader.Text("server", "127.0.0.1:11211");
  options.clients = static_cast<uint32_t>(
      reader.Integer("clients", options.clients, {.min = 1, .max = 1000}));
  options.keys = static_cast<uint32_t>(
      reader.Integer("keys", options.keys, {.min = 1, .max = 1'000'000}));
  options.operations = static_cast<uint64_t>(
      reader.Integer("operations", static_cast<int64_t>(options.operations),
                     {.min = 1, .max = 10'000'000}));
  options.think = Seconds(reader.Number(
      "think_s", 0.001, {.max = kSecondsMax, .unit = "seconds"}));
  options.timeout = Seconds(reader.Number("timeout_s", 0.1, kSeconds));
  options.retry = Seconds(reader.Number("retry_s", 0.01, kSeconds));
  options.deadline = Seconds(reader.Number("deadline_s", 60, kSeconds));
  absl::StatusOr<Endpoint> endpoint = Endpoint::Parse(server);
  if (!endpoint.ok()) {
    reader.Reject("server", "an address and a port, such as 127.0.0.1:11211");
  } else {
    options.server = *endpoint;
  }
  if (options.clients * options.operations > History::kOperationsMax) {
    reader.Reject("operations",
                  "at most " + std::to_string(History::kOperationsMax) +
                      " of all clients together");
  }
  absl::Status status = reader.Finish();
  if (!status.ok()) return status;
  options.prefix = Prefix();
  return options;
}

Json Figures(const History& history, const Judgement& judgement,
             uint64_t connections) {
  uint64_t unanswered = 0;
  for (const Operation& operation : history.operations()) {
    if (operation.result == Result::kUnknown) ++unanswered;
  }
  return {{"operations", history.operations().size()},
          {"unanswered", unanswered},
          {"connections", connections},
          {"server_lives", judgement.lives},
          {"keys_checked", judgement.keys},
          {"violations", judgement.verdict == Verdict::kLinearizable ? 0 : 1}};
}

}  // namespace

Future<int> Main(Application& application) {
  absl::StatusOr<ClientOptions> options = ReadOptions(application.parameters());
  if (!options.ok()) co_return options.status();
  History history;
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<Future<void>> ends;
  for (uint32_t i = 0; i < options->clients; ++i) {
    clients.push_back(std::make_unique<Client>(i, *options, history,
                                               application.seed()));
    ends.push_back(clients.back()->Run());
  }
  auto ended = co_await WhenAll(std::move(ends));
  if (!ended.ok()) co_return ended.status();
  uint64_t connections = 0;
  for (const auto& client : clients) connections += client->connections();
  // A violation is worth more than that somebody has waited in vain.
  Judgement judgement = Check(history);
  application.ReportMetrics(Figures(history, judgement, connections));
  if (judgement.verdict != Verdict::kLinearizable) {
    Platform::WriteConsole("linearizability: " + judgement.explanation + "\n");
    co_return kExitNotLinearizable;
  }
  for (const absl::Status& end : *ended) {
    if (!end.ok()) co_return end;
  }
  co_return 0;
}

}  // namespace ebbrt::linearizability

EBBRT_APPLICATION("linearizability", ebbrt::linearizability::Main);
