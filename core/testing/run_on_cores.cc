#include "core/testing/run_on_cores.h"

#include <cstdio>
#include <cstdlib>
#include <random>
#include <utility>

#include "core/base/check.h"
#include "core/event/node.h"
#include "platform/contract.h"

namespace ebbrt::testing {

uint64_t Seed() {
  static const uint64_t seed = [] {
    const char* given = std::getenv("EBBRT_SEED");
    uint64_t value = given != nullptr ? std::strtoull(given, nullptr, 10)
                                      : std::random_device()();
    std::fprintf(stderr, "EBBRT_SEED=%llu\n",
                 static_cast<unsigned long long>(value));
    return value;
  }();
  return seed;
}

void RunOnCores(uint32_t core_count, UniqueFunction<void()> function) {
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
