// What accounting adds to an event: compare with tracing off.
#include <benchmark/benchmark.h>

#include <chrono>

#include "core/event/event_loop.h"
#include "core/event/timer.h"
#include "core/trace/counter.h"
#include "core/trace/trace.h"

namespace ebbrt {
namespace {

constexpr int kBatch = 1000;
constexpr EventTag kBenchmarkTag = EventTagOf("benchmark");

void RunBatches(benchmark::State& state) {
  for (auto _ : state) {
    EventContext context;
    int left = kBatch;
    for (int i = 0; i < kBatch; ++i) {
      Spawn(
          [&] {
            if (--left == 0) ActivateContext(context);
          },
          kBenchmarkTag);
    }
    bool saved = SaveContext(context);
    benchmark::DoNotOptimize(saved);
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void BM_SpawnUntraced(benchmark::State& state) { RunBatches(state); }
BENCHMARK(BM_SpawnUntraced);

void BM_SpawnTraced(benchmark::State& state) {
  bool started = StartTrace().Block().ok();
  benchmark::DoNotOptimize(started);
  RunBatches(state);
  StopTrace().Block().IgnoreError();
}
BENCHMARK(BM_SpawnTraced);

// With a timer that is far from due, as a server has at all times.
void BM_SpawnWithTimerArmed(benchmark::State& state) {
  Timer timer([] {});
  timer.SetAfter(std::chrono::hours(1));
  RunBatches(state);
}
BENCHMARK(BM_SpawnWithTimerArmed);

void BM_Count(benchmark::State& state) {
  Counter counter("benchmark");
  for (auto _ : state) {
    counter.Add();
    benchmark::ClobberMemory();
  }
}
BENCHMARK(BM_Count);

}  // namespace
}  // namespace ebbrt
