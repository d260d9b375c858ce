// What verifying a segment in software costs.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <vector>

#include "core/net/wire/checksum.h"

namespace ebbrt {
namespace {

void BM_Checksum(benchmark::State& state) {
  std::vector<std::byte> bytes(static_cast<size_t>(state.range(0)),
                               std::byte{0x5a});
  for (auto _ : state) benchmark::DoNotOptimize(InternetChecksum(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Checksum)->Arg(20)->Arg(64)->Arg(1460)->Arg(65536);

}  // namespace
}  // namespace ebbrt
