#include <benchmark/benchmark.h>

#include "core/event/node.h"
#include "platform/contract.h"

namespace {
// Two, so that what goes from core to core can be measured.
constexpr uint32_t kCoreCount = 2;
}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  ebbrt::platform::NodeOptions options;
  options.core_count = kCoreCount;
  int code = ebbrt::RunNode(options, [] {
    benchmark::RunSpecifiedBenchmarks();
    ebbrt::Exit(0);
  });
  benchmark::Shutdown();
  return code;
}
