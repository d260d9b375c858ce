// What a call costs: through the kinds of Ebb, and the plain C++ calls that
// they are to be compared with. See README.md for the disassembly.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>

#include "core/ebb/ebb.h"

namespace ebbrt {
namespace {

struct Plain {
  [[gnu::noinline]] uint64_t AddOutOfLine(uint64_t n) {
    asm volatile("");  // Or the compiler makes a constant of it.
    return count += n;
  }
  uint64_t Add(uint64_t n) { return count += n; }
  uint64_t count = 0;
};

struct Base {
  virtual ~Base() = default;
  virtual uint64_t Add(uint64_t n) = 0;
};
struct Derived final : Base {
  uint64_t Add(uint64_t n) override { return count += n; }
  uint64_t count = 0;
};

constexpr EbbId kStaticPlain{kFirstApplicationEbb};

EbbRef<Plain> PerCore() {
  return CreatePerCoreEbb<Plain>([] { return std::make_unique<Plain>(); });
}

void BM_DirectOutOfLine(benchmark::State& state) {
  Plain plain;
  Plain* object = &plain;
  for (auto _ : state) {
    benchmark::DoNotOptimize(object);
    benchmark::DoNotOptimize(object->AddOutOfLine(1));
  }
}
BENCHMARK(BM_DirectOutOfLine);

void BM_DirectInline(benchmark::State& state) {
  Plain plain;
  Plain* object = &plain;
  for (auto _ : state) {
    benchmark::DoNotOptimize(object);
    benchmark::DoNotOptimize(object->Add(1));
  }
}
BENCHMARK(BM_DirectInline);

void BM_Virtual(benchmark::State& state) {
  Derived derived;
  Base* object = &derived;
  for (auto _ : state) {
    benchmark::DoNotOptimize(object);
    benchmark::DoNotOptimize(object->Add(1));
  }
}
BENCHMARK(BM_Virtual);

void BM_PerCoreEbbOutOfLine(benchmark::State& state) {
  EbbRef<Plain> ebb = PerCore();
  for (auto _ : state) {
    benchmark::DoNotOptimize(ebb);
    benchmark::DoNotOptimize(ebb->AddOutOfLine(1));
  }
}
BENCHMARK(BM_PerCoreEbbOutOfLine);

void BM_PerCoreEbbInline(benchmark::State& state) {
  EbbRef<Plain> ebb = PerCore();
  for (auto _ : state) {
    benchmark::DoNotOptimize(ebb);
    benchmark::DoNotOptimize(ebb->Add(1));
  }
}
BENCHMARK(BM_PerCoreEbbInline);

void BM_SharedEbbOutOfLine(benchmark::State& state) {
  EbbRef<Plain> ebb = CreateSharedEbb(std::make_unique<Plain>());
  for (auto _ : state) {
    benchmark::DoNotOptimize(ebb);
    benchmark::DoNotOptimize(ebb->AddOutOfLine(1));
  }
}
BENCHMARK(BM_SharedEbbOutOfLine);

// The id is known when compiling, and so is the place of the load.
void BM_StaticIdEbbOutOfLine(benchmark::State& state) {
  static constexpr EbbRef<Plain> kEbb{kStaticPlain};
  if (ebb_directory->Find(kStaticPlain) == nullptr) {
    CreateSharedEbb(kStaticPlain, std::make_unique<Plain>());
  }
  for (auto _ : state) benchmark::DoNotOptimize(kEbb->AddOutOfLine(1));
}
BENCHMARK(BM_StaticIdEbbOutOfLine);

}  // namespace
}  // namespace ebbrt
