// What is asked of the server: which keys there are, what their values hold,
// and how requests are drawn.
//
// Keys and values are functions of the key's number (and of the value's size)
// and of nothing else: every client of a server has the same ones, whatever its
// seed, and nothing is kept a record. So any reply can be checked, and
// thousands of simulated clients share one block of bytes.
//
// Cores: any; immutable. Ownership: Value's bytes are never freed.
// Blocks: no. Allocates: the shared block, at the first Value.
// Bound: kKeyBytesMax, kValueBytesMax, kRecordsMax. Units: bytes.
// Source: mutilate's KeyGenerator (the number, padded with zeros to a size of
// the distribution), with a size that is fixed for each key.
#ifndef EBBRT_APPS_LOADGEN_WORKLOAD_H_
#define EBBRT_APPS_LOADGEN_WORKLOAD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "apps/loadgen/distribution.h"
#include "core/base/random.h"
#include "core/base/types.h"

namespace ebbrt::loadgen {

// memcached takes no longer keys, and by default no items above 1 MiB.
inline constexpr size_t kKeyBytesMax = 250;
inline constexpr size_t kValueBytesMax = 1'000'000;
inline constexpr size_t kKeyRoomBytes = 256;
inline constexpr uint64_t kRecordsMax = uint64_t{1} << 32;

struct Request {
  Time start;  // When it was meant to be sent.
  uint32_t key;
  uint32_t value_bytes;  // Of a set.
  bool is_set;
};

class Workload {
 public:
  // What every get asks for, where the protocol is HTTP.
  struct Page {
    // With the protocol's own words it has to fit into one
    // RequestWriter::Reserve.
    static constexpr size_t kPathBytesMax = 512;

    std::string path = "/";
    std::string host;
  };
  struct Settings {
    uint64_t records = 10'000;
    double set_fraction = 0;
    Distribution key_bytes = Distribution::EtcKeyBytes();
    Distribution value_bytes = Distribution::EtcValueBytes();
    Page page = {};
  };

  explicit Workload(const Settings& settings);

  uint64_t records() const { return settings_.records; }
  const Page& page() const { return settings_.page; }

  // The text of a key: KeyBytes(key) characters, written to `to`, which has
  // room for kKeyRoomBytes: what is behind the key is written over too.
  size_t KeyBytes(uint32_t key) const {
    // Fibonacci hashing: any run of numbers meets all sizes evenly.
    return key_bytes_[(key * 0x9e3779b9u) >> (32 - kKeySizesBits)];
  }
  void WriteKey(uint32_t key, char* to) const;

  // The value of that size of that key. REQUIRES: bytes <= kValueBytesMax.
  static std::span<const std::byte> Value(uint32_t key, size_t bytes);

  // A get or a set of any key, all equally likely.
  Request Draw(Random& random, Time start) const {
    uint64_t word = random();
    // The high half picks the key, the low one the kind.
    auto key = static_cast<uint32_t>(((word >> 32) * records()) >> 32);
    bool is_set = (word & 0xffffffff) < set_threshold_;
    return {start, key, is_set ? DrawValueBytes(random) : 0, is_set};
  }
  uint32_t DrawValueBytes(Random& random) const;

 private:
  static constexpr int kKeySizesBits = 12;

  Settings settings_;
  uint64_t set_threshold_;  // Of 2^32.
  // The distribution of key sizes, in equal parts.
  std::array<uint8_t, 1 << kKeySizesBits> key_bytes_;
};

}  // namespace ebbrt::loadgen

#endif  // EBBRT_APPS_LOADGEN_WORKLOAD_H_
