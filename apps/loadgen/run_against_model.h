// A run of the load generator against a model server, on a network within one
// node: for tests.
//
// Cores: called from a test, off any core. Ownership: values. Blocks: until the
// run has ended. Errors: connections that outlive the run are test failures.
#ifndef EBBRT_APPS_LOADGEN_RUN_AGAINST_MODEL_H_
#define EBBRT_APPS_LOADGEN_RUN_AGAINST_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "apps/loadgen/model_server.h"
#include "core/app/application.h"
#include "core/async/future.h"
#include "core/net/endpoint.h"
#include "core/net/memory_network.h"

namespace ebbrt::loadgen {

inline constexpr Endpoint kServer = {IpAddress::V4(10, 0, 0, 1), 11211};

// An application as the generator sees it, which keeps what is reported.
class FakeApplication final : public Application {
 public:
  explicit FakeApplication(Json given);
  const Json& parameters() const override { return parameters_; }
  std::string_view role() const override { return ""; }
  uint64_t seed() const override;
  Future<void> StopRequested() override { return stop.GetFuture(); }
  void ReportReady(Json) override {}
  void ReportProgress(double fraction) override;
  void ReportMetrics(Json given) override;

  Promise<void> stop;
  double last_fraction = 0;
  Json metrics;

 private:
  Json parameters_;
};

// What a run has shown, on both sides.
struct Observed {
  absl::StatusOr<int> code = 0;
  Json metrics;
  uint64_t server_gets = 0;
  uint64_t server_sets = 0;
  uint64_t connections = 0;
  size_t connections_most = 0;
  size_t keys = 0;
};

// The network has a delay of at least 50 us: in virtual time a closed loop
// would never leave an instant otherwise. Without a behaviour there is no
// server.
Observed RunAgainst(const std::optional<ModelServer::Behaviour>& behaviour,
                    const Json& parameters, MemoryNetworkOptions network = {},
                    uint32_t core_count = 1);

// Waits, on a core, until both ends of all connections are gone.
void AwaitNoConnections();

// Parameters of a run of a fraction of a second, and changes to them.
Json Short();
Json With(std::initializer_list<std::pair<const char*, Json>> changes);

}  // namespace ebbrt::loadgen

#endif  // EBBRT_APPS_LOADGEN_RUN_AGAINST_MODEL_H_
