#include "core/testing/seed.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace ebbrt::testing {
namespace {

// A test program has one run of tests, so these are the process's.
std::atomic<uint64_t> repetition{0};
std::atomic<bool> printed{false};

uint64_t FirstSeed() {
  static const uint64_t seed = [] {
    const char* given = std::getenv("EBBRT_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10)
                            : std::random_device()();
  }();
  return seed;
}

}  // namespace

uint64_t Seed() {
  uint64_t seed = FirstSeed() + repetition;
  if (!printed.exchange(true)) {
    std::fprintf(stderr, "EBBRT_SEED=%llu\n",
                 static_cast<unsigned long long>(seed));
  }
  return seed;
}

void SetSeedRepetition(uint64_t number) {
  repetition = number;
  printed = false;
}

}  // namespace ebbrt::testing
