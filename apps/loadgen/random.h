// A small random generator whose sequence is the same on every machine: one
// seed gives one workload.
//
// Cores: one. Blocks, allocates: never. Errors: none.
// Source: Blackman, Vigna, "Scrambled linear pseudorandom number generators",
// 2021 (xoshiro256++); Steele, Lea, Flood, "Fast splittable pseudorandom
// number generators", 2014 (the mixing of seeds).
#ifndef EBBRT_APPS_LOADGEN_RANDOM_H_
#define EBBRT_APPS_LOADGEN_RANDOM_H_

#include <bit>
#include <cstdint>

namespace ebbrt::loadgen {

// A bijection of 64 bits that makes near numbers far ones.
constexpr uint64_t Mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

class Random {
 public:
  // Streams of one seed are independent of each other.
  explicit Random(uint64_t seed, uint64_t stream = 0) {
    uint64_t word = Mix(seed) ^ Mix(~stream);
    for (uint64_t& part : state_) part = word = Mix(word);
  }

  uint64_t Next() {
    uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
    uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  // Uniform in the open interval (0, 1), so that its logarithm is finite.
  double NextUniform() {
    return (static_cast<double>(Next() >> 12) + 0.5) * 0x1p-52;
  }

 private:
  uint64_t state_[4];
};

}  // namespace ebbrt::loadgen

#endif  // EBBRT_APPS_LOADGEN_RANDOM_H_
