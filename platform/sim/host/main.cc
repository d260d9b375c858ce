// Runs the simulation that a document describes: sim_host FILE.
#include <cstdio>
#include <memory>
#include <string>

#include "core/app/run_application.h"
#include "platform/sim/host/host.h"
#include "platform/sim/host/host_document.h"
#include "platform/sim/host/host_network.h"
#include "platform/sim/host/watchdog.h"
#include "platform/sim/huge_pages.h"

namespace {

int Refuse(const absl::Status& status) {
  std::fprintf(stderr, "sim: %s\n", std::string(status.message()).c_str());
  return ebbrt::kExitWrongConfiguration;
}

}  // namespace

int main(int argc, char** argv) {
  namespace sim = ebbrt::platform;
  sim::UseHugePages(argv);
  if (argc != 2) {
    return Refuse(absl::InvalidArgumentError("usage: sim_host FILE"));
  }
  absl::StatusOr<nlohmann::json> json = sim::ReadJsonFile(argv[1]);
  if (!json.ok()) return Refuse(json.status());
  absl::StatusOr<sim::HostDocument> document = sim::ReadHostDocument(*json);
  if (!document.ok()) return Refuse(document.status());
  absl::StatusOr<std::unique_ptr<sim::HostNetwork>> network =
      sim::HostNetwork::Create(*document);
  if (!network.ok()) return Refuse(network.status());
  sim::Host host(*document, **network);
  sim::StartWatchdog();
  return host.Run();
}
