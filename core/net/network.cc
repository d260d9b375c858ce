#include "core/net/network.h"

#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "core/async/combinators.h"
#include "core/async/future.h"
#include "platform/current.h"

namespace ebbrt {

Future<Endpoint> ListenTcpOnAllCores(Endpoint local, TcpAcceptor acceptor) {
  for (uint32_t core = 0; core < Platform::CoreCount(); ++core) {
    Future<Endpoint> listening = Async(CoreId(core), [local, acceptor] {
      return network->ListenTcp(local, acceptor);
    });
    absl::StatusOr<Endpoint> bound = co_await std::move(listening);
    if (!bound.ok()) {
      for (uint32_t listens = 0; listens < core; ++listens) {
        Future<void> stopped = Async(
            CoreId(listens), [local] { network->StopListeningTcp(local); });
        static_cast<void>(co_await std::move(stopped));
      }
      co_return bound.status();
    }
    // With its port, which the other cores must share.
    local = *bound;
  }
  co_return local;
}

Future<std::map<std::string, uint64_t>> CountersOfAllCores(
    EbbRef<Network> of) {
  std::map<std::string, uint64_t> sums;
  for (uint32_t core = 0; core < Platform::CoreCount(); ++core) {
    Future<std::vector<NetworkCounter>> part =
        Async(CoreId(core), [of] { return of->Counters(); });
    absl::StatusOr<std::vector<NetworkCounter>> counters =
        co_await std::move(part);
    if (!counters.ok()) co_return counters.status();
    for (const NetworkCounter& counter : *counters) {
      sums[std::string(counter.name)] += counter.count;
    }
  }
  co_return sums;
}

}  // namespace ebbrt
