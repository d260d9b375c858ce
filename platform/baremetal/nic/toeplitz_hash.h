// The hash by which devices that scale on receiving spread TCP/IPv4 flows over
// their queues; so that from a flow we know its queue as well.
//
// A bit of what is hashed, wherever it is set, adds (exclusive or) the 32 bits
// of the key that begin at its place. Looked up four bits at a time.
//
// Cores: any; it is constant. Ownership: a value. Blocks, allocates: never.
// Source: Microsoft, "Receive Side Scaling", RSS hashing functions and its
// verification suite; 82574 datasheet, section 7.1.
#ifndef EBBRT_PLATFORM_BAREMETAL_NIC_TOEPLITZ_HASH_H_
#define EBBRT_PLATFORM_BAREMETAL_NIC_TOEPLITZ_HASH_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace ebbrt::platform {

class ToeplitzHash {
 public:
  // Of which the hash of IPv4 uses the first sixteen.
  static constexpr size_t kKeyBytes = 40;
  using Key = std::array<uint8_t, kKeyBytes>;

  constexpr explicit ToeplitzHash(const Key& key) {
    for (size_t place = 0; place < kPlaces; ++place) {
      for (size_t bit = 0; bit < kBits; ++bit) {
        const uint32_t word = WordOf(key, place * kBits + bit);
        for (size_t value = 0; value < kValues; ++value) {
          const bool is_set = (value >> (kBits - 1 - bit) & 1) != 0;
          if (is_set) table_[place][value] ^= word;
        }
      }
    }
  }

  // As Nic::QueueOf has them.
  constexpr uint32_t Of(uint32_t source, uint32_t destination,
                        uint16_t source_port,
                        uint16_t destination_port) const {
    const uint32_t words[] = {
        source, destination, uint32_t{source_port} << 16 | destination_port};
    uint32_t hash = 0;
    for (size_t place = 0; place < kPlaces; ++place) {
      const uint32_t word = words[place / kPlacesOfWord];
      hash ^= table_[place][word << place % kPlacesOfWord * kBits >> 28];
    }
    return hash;
  }

 private:
  static constexpr size_t kBits = 4;
  static constexpr size_t kValues = 1 << kBits;
  static constexpr size_t kPlacesOfWord = 32 / kBits;
  static constexpr size_t kPlaces = 3 * kPlacesOfWord;

  static constexpr uint32_t WordOf(const Key& key, size_t bit) {
    uint64_t window = 0;
    for (size_t i = 0; i < 5; ++i) window = window << 8 | key[bit / 8 + i];
    return static_cast<uint32_t>(window >> (8 - bit % 8));
  }

  std::array<std::array<uint32_t, kValues>, kPlaces> table_ = {};
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_BAREMETAL_NIC_TOEPLITZ_HASH_H_
