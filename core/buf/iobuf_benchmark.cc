// What passing bytes on costs.
#include <benchmark/benchmark.h>

#include <memory>
#include <optional>
#include <utility>

#include "core/buf/iobuf_chain.h"
#include "core/buf/iobuf_cursor.h"

namespace ebbrt {
namespace {

void BM_CreateAndDrop(benchmark::State& state) {
  for (auto _ : state) {
    std::unique_ptr<IOBuf> buffer =
        IOBuf::Create(static_cast<size_t>(state.range(0)), 64);
    benchmark::DoNotOptimize(buffer->Append(1));
  }
}
BENCHMARK(BM_CreateAndDrop)->Arg(128)->Arg(2048);

void BM_CloneAndDrop(benchmark::State& state) {
  std::unique_ptr<IOBuf> buffer = IOBuf::CopyOf("text");
  for (auto _ : state) benchmark::DoNotOptimize(buffer->Clone());
}
BENCHMARK(BM_CloneAndDrop);

// A request's header and value come off the front of what was received.
void BM_SplitFront(benchmark::State& state) {
  std::unique_ptr<IOBuf> buffer = IOBuf::Create(2048);
  buffer->Append(2048);
  for (auto _ : state) {
    IOBufChain chain(buffer->Clone());
    std::optional<IOBufChain> front = chain.SplitFront(100);
    benchmark::DoNotOptimize(front->length());
  }
}
BENCHMARK(BM_SplitFront);

// A header of 24 bytes, as memcached's, in one buffer or cut in two.
void BM_ReadHeader(benchmark::State& state) {
  IOBufChain chain;
  std::unique_ptr<IOBuf> header = IOBuf::Create(24);
  header->Append(24);
  chain.PushBack(std::move(header));
  if (state.range(0) != 0) {
    std::optional<IOBufChain> front = chain.SplitFront(5);
    front->Append(std::move(chain));
    chain = *std::move(front);
  }
  for (auto _ : state) {
    IOBufCursor cursor(chain);
    uint64_t sum = cursor.Read8();
    sum += cursor.Read8();
    sum += cursor.Read16();
    sum += cursor.Read32();
    sum += cursor.Read64();
    sum += cursor.Read64();
    benchmark::DoNotOptimize(sum);
  }
}
BENCHMARK(BM_ReadHeader)->ArgName("cut")->Arg(0)->Arg(1);

}  // namespace
}  // namespace ebbrt
