// What a future costs: kept before and after Then, blocked on, awaited.
#include <benchmark/benchmark.h>

#include "core/async/combinators.h"
#include "core/async/future.h"
#include "core/event/event_loop.h"

namespace ebbrt {
namespace {

void BM_ThenOnReady(benchmark::State& state) {
  for (auto _ : state) {
    Future<int> next =
        ReadyFuture<int>(1).Then([](int value) { return value + 1; });
    benchmark::DoNotOptimize(next.ready());
  }
}
BENCHMARK(BM_ThenOnReady);

void BM_ThenThenSetValue(benchmark::State& state) {
  for (auto _ : state) {
    Promise<int> promise;
    Future<int> next =
        promise.GetFuture().Then([](int value) { return value + 1; });
    promise.SetValue(1);
    benchmark::DoNotOptimize(next.ready());
  }
}
BENCHMARK(BM_ThenThenSetValue);

void BM_BlockOnLocalEvent(benchmark::State& state) {
  for (auto _ : state) {
    Promise<int> promise;
    Future<int> future = promise.GetFuture();
    Spawn([&] { promise.SetValue(1); });
    benchmark::DoNotOptimize(future.Block());
  }
}
BENCHMARK(BM_BlockOnLocalEvent);

Future<int> AwaitReady() {
  absl::StatusOr<int> value = co_await ReadyFuture<int>(1);
  co_return *value + 1;
}

void BM_CoroutineOnReady(benchmark::State& state) {
  for (auto _ : state) {
    Future<int> result = AwaitReady();
    benchmark::DoNotOptimize(result.ready());
  }
}
BENCHMARK(BM_CoroutineOnReady);

Future<int> AwaitKept(Future<int> future) {
  absl::StatusOr<int> value = co_await std::move(future);
  co_return *value + 1;
}

void BM_CoroutineResume(benchmark::State& state) {
  for (auto _ : state) {
    Promise<int> promise;
    Future<int> result = AwaitKept(promise.GetFuture());
    promise.SetValue(1);
    benchmark::DoNotOptimize(result.ready());
  }
}
BENCHMARK(BM_CoroutineResume);

void BM_AsyncOnOtherCore(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(Async(CoreId(1), [] { return 1; }).Block());
  }
}
BENCHMARK(BM_AsyncOnOtherCore)->UseRealTime();

}  // namespace
}  // namespace ebbrt
