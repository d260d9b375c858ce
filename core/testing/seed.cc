#include "core/testing/seed.h"

#include <cstdio>
#include <cstdlib>
#include <random>

namespace ebbrt::testing {

uint64_t Seed() {
  static const uint64_t seed = [] {
    const char* given = std::getenv("EBBRT_SEED");
    uint64_t value = given != nullptr ? std::strtoull(given, nullptr, 10)
                                      : std::random_device()();
    std::fprintf(stderr, "EBBRT_SEED=%llu\n",
                 static_cast<unsigned long long>(value));
    return value;
  }();
  return seed;
}

}  // namespace ebbrt::testing
