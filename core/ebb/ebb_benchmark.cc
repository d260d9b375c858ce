// What a call costs: through the kinds of Ebb, and the plain C++ calls that
// they are to be compared with. CALL_COST.md has the disassembly.
//
// One iteration is kCalls calls, so that the benchmark's own loop does not
// stand in for a part of the call. What is called through (an address, an id)
// is in a register, as it is for the members and local variables that programs
// keep them in, and the compiler is made to forget before each call what it
// knows of it, so that it can neither call directly nor look up only once.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>

#include "core/ebb/ebb.h"

namespace ebbrt {
namespace {

constexpr int kCalls = 16;

struct Plain {
  [[gnu::noinline]] uint64_t AddOutOfLine(uint64_t n) {
    asm volatile("");  // Or the compiler makes a constant of it.
    return base + n;
  }
  uint64_t Add(uint64_t n) { return base + n; }
  uint64_t base = 0;
};

struct Base {
  virtual ~Base() = default;
  virtual uint64_t Add(uint64_t n) = 0;
};
struct First final : Base {
  uint64_t Add(uint64_t n) override { return base + n; }
  uint64_t base = 0;
};
struct Second final : Base {
  uint64_t Add(uint64_t n) override { return base - n; }
  uint64_t base = 0;
};

// Which class it is shows only when running, or the call would be made direct.
std::unique_ptr<Base> MakeVirtual() {
  volatile bool first = true;
  if (first) return std::make_unique<First>();
  return std::make_unique<Second>();
}

// Keeps `value` in a register and forgets what is known of it.
template <typename T>
void Forget(T& value) {
  asm volatile("" : "+r"(value));
}

template <typename Call>
void CallRepeatedly(benchmark::State& state, Call call) {
  uint64_t n = 1;
  for (auto _ : state) {
#pragma GCC unroll 16
    for (int i = 0; i < kCalls; ++i) {
      uint64_t result = call(n);
      Forget(result);
    }
  }
  state.SetItemsProcessed(state.iterations() * kCalls);
}

void BM_DirectOutOfLine(benchmark::State& state) {
  Plain plain;
  Plain* object = &plain;
  CallRepeatedly(state, [object](uint64_t n) mutable {
    Forget(object);
    return object->AddOutOfLine(n);
  });
}
BENCHMARK(BM_DirectOutOfLine);

void BM_DirectInline(benchmark::State& state) {
  Plain plain;
  Plain* object = &plain;
  CallRepeatedly(state, [object](uint64_t n) mutable {
    Forget(object);
    return object->Add(n);
  });
}
BENCHMARK(BM_DirectInline);

void BM_Virtual(benchmark::State& state) {
  std::unique_ptr<Base> made = MakeVirtual();
  Base* object = made.get();
  CallRepeatedly(state, [object](uint64_t n) mutable {
    Forget(object);
    return object->Add(n);
  });
}
BENCHMARK(BM_Virtual);

EbbRef<Plain> MakePerCore() {
  return CreatePerCoreEbb<Plain>([] { return std::make_unique<Plain>(); });
}

void CallOutOfLine(benchmark::State& state, EbbRef<Plain> ebb) {
  CallRepeatedly(state, [ebb](uint64_t n) mutable {
    Forget(ebb);
    return ebb->AddOutOfLine(n);
  });
}
void CallInline(benchmark::State& state, EbbRef<Plain> ebb) {
  CallRepeatedly(state, [ebb](uint64_t n) mutable {
    Forget(ebb);
    return ebb->Add(n);
  });
}

void BM_PerCoreEbbOutOfLine(benchmark::State& state) {
  CallOutOfLine(state, MakePerCore());
}
BENCHMARK(BM_PerCoreEbbOutOfLine);

void BM_PerCoreEbbInline(benchmark::State& state) {
  CallInline(state, MakePerCore());
}
BENCHMARK(BM_PerCoreEbbInline);

void BM_SharedEbbOutOfLine(benchmark::State& state) {
  CallOutOfLine(state, CreateSharedEbb(std::make_unique<Plain>()));
}
BENCHMARK(BM_SharedEbbOutOfLine);

// The id is known when compiling, and so is the place of the load.
constexpr EbbRef<Plain> kStaticPlain{EbbId(kFirstApplicationEbb)};

void MakeStatic() {
  if (ebb_directory->Find(kStaticPlain.id()) == nullptr) {
    CreateSharedEbb(kStaticPlain.id(), std::make_unique<Plain>());
  }
}

void BM_StaticIdEbbOutOfLine(benchmark::State& state) {
  MakeStatic();
  CallRepeatedly(state,
                 [](uint64_t n) { return kStaticPlain->AddOutOfLine(n); });
}
BENCHMARK(BM_StaticIdEbbOutOfLine);

void BM_StaticIdEbbInline(benchmark::State& state) {
  MakeStatic();
  CallRepeatedly(state, [](uint64_t n) { return kStaticPlain->Add(n); });
}
BENCHMARK(BM_StaticIdEbbInline);

}  // namespace
}  // namespace ebbrt
