// What the loop's primitives cost. Each iteration is one event of core 0 that
// blocks, so a fiber switch is part of what crosses an event boundary; the
// batched figures spread it over many events.
#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <vector>

#include "core/event/event_loop.h"
#include "core/event/rcu.h"
#include "core/event/timer.h"

namespace ebbrt {
namespace {

constexpr int kBatch = 1000;

void Block(EventContext& context) {
  bool saved = SaveContext(context);
  benchmark::DoNotOptimize(saved);
}

void BM_SpawnLocal(benchmark::State& state) {
  for (auto _ : state) {
    EventContext context;
    int left = kBatch;
    for (int i = 0; i < kBatch; ++i) {
      Spawn([&] {
        if (--left == 0) ActivateContext(context);
      });
    }
    Block(context);
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK(BM_SpawnLocal);

void BM_SpawnRemoteRoundTrip(benchmark::State& state) {
  for (auto _ : state) {
    EventContext context;
    SpawnOn(CoreId(1), [&] { ActivateContext(context); });
    Block(context);
  }
}
BENCHMARK(BM_SpawnRemoteRoundTrip)->UseRealTime();

void BM_SpawnRemoteBatch(benchmark::State& state) {
  for (auto _ : state) {
    EventContext context;
    int left = kBatch;  // Core 1 only.
    for (int i = 0; i < kBatch; ++i) {
      SpawnOn(CoreId(1), [&] {
        if (--left == 0) ActivateContext(context);
      });
    }
    Block(context);
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK(BM_SpawnRemoteBatch)->UseRealTime();

void BM_FiberSwitchAndBack(benchmark::State& state) {
  for (auto _ : state) {
    EventContext context;
    Spawn([&] { ActivateContext(context); });
    Block(context);
  }
}
BENCHMARK(BM_FiberSwitchAndBack);

// Set and cancelled among `range` armed timers: what a retransmission timer
// does for most of its life.
void BM_TimerSetAndCancel(benchmark::State& state) {
  std::vector<std::unique_ptr<Timer>> armed;
  for (int64_t i = 0; i < state.range(0); ++i) {
    armed.push_back(std::make_unique<Timer>([] {}));
    armed.back()->SetAfter(std::chrono::hours(1) +
                           std::chrono::nanoseconds(i * 7919 % 100000));
  }
  Timer timer([] {});
  for (auto _ : state) {
    timer.SetAfter(std::chrono::minutes(90));
    timer.Cancel();
  }
}
BENCHMARK(BM_TimerSetAndCancel)->Arg(0)->Arg(1000)->Arg(100000);

void BM_TimerSetAndFire(benchmark::State& state) {
  for (auto _ : state) {
    EventContext context;
    int left = kBatch;
    std::vector<std::unique_ptr<Timer>> timers;
    for (int i = 0; i < kBatch; ++i) {
      timers.push_back(std::make_unique<Timer>([&] {
        if (--left == 0) ActivateContext(context);
      }));
      timers.back()->SetAfter(std::chrono::nanoseconds(i));
    }
    Block(context);
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK(BM_TimerSetAndFire);

void BM_RcuDefer(benchmark::State& state) {
  for (auto _ : state) {
    EventContext context;
    int left = kBatch;
    for (int i = 0; i < kBatch; ++i) {
      RcuDefer([&] {
        if (--left == 0) ActivateContext(context);
      });
    }
    Block(context);
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK(BM_RcuDefer)->UseRealTime();

}  // namespace
}  // namespace ebbrt
