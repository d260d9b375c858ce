// A small random generator whose numbers are the same on every machine.
//
// For everything that a seed must replay: simulated histories, injected faults,
// tests, workloads. Not for secrets (Platform::FillEntropy).
//
// Cores: an object belongs to one core at a time. Blocks, allocates: never.
// Errors: none. Source: Steele, Lea, Flood, "Fast splittable pseudorandom
// number generators", OOPSLA 2014 (SplitMix64).
#ifndef EBBRT_CORE_BASE_RANDOM_H_
#define EBBRT_CORE_BASE_RANDOM_H_

#include <cstdint>

namespace ebbrt {

// Spreads every bit of `x` over all bits of the result; a bijection.
constexpr uint64_t MixBits(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// Models UniformRandomBitGenerator.
class Random {
 public:
  using result_type = uint64_t;

  // Generators of one seed and different streams are independent.
  constexpr explicit Random(uint64_t seed, uint64_t stream = 0)
      : state_(MixBits(seed + kStep) + MixBits(~stream)) {}

  static constexpr uint64_t min() { return 0; }
  static constexpr uint64_t max() { return ~uint64_t{0}; }
  constexpr uint64_t operator()() { return MixBits(state_ += kStep); }

  // One of [0, bound). REQUIRES: bound > 0.
  constexpr uint64_t Below(uint64_t bound) {
    // The high half of a product: biased by at most bound / 2^64.
    return static_cast<uint64_t>(
        (static_cast<unsigned __int128>((*this)()) * bound) >> 64);
  }
  // One of [low, high].
  constexpr uint64_t Between(uint64_t low, uint64_t high) {
    uint64_t span = high - low + 1;
    return span == 0 ? (*this)() : low + Below(span);
  }
  // One of [0, 1).
  constexpr double Fraction() {
    return static_cast<double>((*this)() >> 11) * 0x1.0p-53;
  }
  // True with that probability; draws nothing where the answer is certain.
  constexpr bool Chance(double probability) {
    if (probability <= 0) return false;
    if (probability >= 1) return true;
    return Fraction() < probability;
  }

 private:
  // The golden ratio's: odd, and no two of its multiples are close.
  static constexpr uint64_t kStep = 0x9e3779b97f4a7c15;
  uint64_t state_;
};

}  // namespace ebbrt

#endif  // EBBRT_CORE_BASE_RANDOM_H_
