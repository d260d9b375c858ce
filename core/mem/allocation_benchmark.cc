// What an allocation costs: of the allocator itself, so that it makes no
// difference which malloc the program has.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>
#include <vector>

#include "core/async/combinators.h"
#include "core/mem/allocator.h"

namespace ebbrt::mem {
namespace {

// The size is known when compiling, as for most calls of new.
void BM_PairOfConstantSize(benchmark::State& state) {
  for (auto _ : state) {
    void* object = Allocate(64);
    benchmark::DoNotOptimize(object);
    Free(object);
  }
}
BENCHMARK(BM_PairOfConstantSize);

void BM_Pair(benchmark::State& state) {
  size_t bytes = static_cast<size_t>(state.range(0));
  benchmark::DoNotOptimize(bytes);
  for (auto _ : state) {
    void* object = Allocate(bytes);
    benchmark::DoNotOptimize(object);
    Free(object);
  }
}
BENCHMARK(BM_Pair)->Arg(8)->Arg(64)->Arg(2048)->Arg(16384)->Arg(1 << 20);

// Many at once, freed in order or not: bins overflow, slabs empty and fill.
void AllocateAndFreeMany(benchmark::State& state, bool shuffled) {
  std::vector<void*> objects(static_cast<size_t>(state.range(0)));
  std::vector<size_t> order(objects.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  if (shuffled) std::shuffle(order.begin(), order.end(), std::mt19937(1));
  for (auto _ : state) {
    for (void*& object : objects) object = Allocate(64);
    for (size_t i : order) Free(objects[i]);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
void BM_ManyInOrder(benchmark::State& state) {
  AllocateAndFreeMany(state, false);
}
BENCHMARK(BM_ManyInOrder)->Arg(100)->Arg(10'000)->Arg(1'000'000);
void BM_ManyShuffled(benchmark::State& state) {
  AllocateAndFreeMany(state, true);
}
BENCHMARK(BM_ManyShuffled)->Arg(100)->Arg(10'000)->Arg(1'000'000);

// Allocated here, freed on the other core.
void BM_FreedRemotely(benchmark::State& state) {
  std::vector<void*> objects(1000);
  for (auto _ : state) {
    for (void*& object : objects) object = Allocate(64);
    benchmark::DoNotOptimize(Async(CoreId(1), [&] {
      for (void* object : objects) Free(object);
    }).Block().ok());
  }
  state.SetItemsProcessed(state.iterations() * 1000);
}
BENCHMARK(BM_FreedRemotely)->UseRealTime();

}  // namespace
}  // namespace ebbrt::mem
