#include "core/testing/run_on_cores.h"

#include <utility>

#include "core/base/check.h"
#include "core/event/node.h"
#include "core/testing/require.h"
#include "platform/contract.h"

namespace ebbrt::testing {

void RunOnCores(uint32_t core_count, UniqueFunction<void()> function) {
  RequireCores(core_count);
  platform::NodeOptions options;
  options.core_count = core_count;
  options.seed = Seed();
  constexpr int kReturned = 17;  // No other part of the system exits so.
  int code = RunNode(options, [function = std::move(function)]() mutable {
    function();
    Exit(kReturned);
  });
  EBBRT_CHECK(code == kReturned);
}

}  // namespace ebbrt::testing
