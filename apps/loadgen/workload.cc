#include "apps/loadgen/workload.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "core/base/check.h"

namespace ebbrt::loadgen {
namespace {

// Values begin at this many places of the block.
constexpr int kValuePlacesBits = 16;

// "000102...99".
constexpr std::array<char, 200> kTwoDigits = [] {
  std::array<char, 200> digits{};
  for (int i = 0; i < 100; ++i) {
    digits[2 * i] = static_cast<char>('0' + i / 10);
    digits[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return digits;
}();

// Random bytes, the same in every process.
const std::byte* ValueBlock() {
  static const std::vector<uint64_t> block = [] {
    constexpr size_t kBytes = kValueBytesMax + (size_t{1} << kValuePlacesBits);
    std::vector<uint64_t> words(kBytes / sizeof(uint64_t) + 1);
    Random random(/*seed=*/0);
    for (uint64_t& word : words) word = random();
    return words;
  }();
  return reinterpret_cast<const std::byte*>(block.data());
}

}  // namespace

Workload::Workload(const Settings& settings)
    : settings_(settings),
      set_threshold_(static_cast<uint64_t>(settings.set_fraction * 0x1p32)) {
  EBBRT_CHECK(settings.records > 0 && settings.records <= kRecordsMax);
  // Every key has room for its number, so that no two are the same.
  const double least =
      static_cast<double>(std::to_string(settings.records - 1).size());
  for (size_t i = 0; i < key_bytes_.size(); ++i) {
    double size = settings.key_bytes.Quantile((i + 0.5) / key_bytes_.size());
    key_bytes_[i] = static_cast<uint8_t>(std::clamp<double>(
        std::round(size), least, kKeyBytesMax));
  }
}

void Workload::WriteKey(uint32_t key, char* to) const {
  // In whole blocks of this size, which are single stores.
  constexpr size_t kBlock = 16;
  static_assert(kKeyRoomBytes % kBlock == 0 && kKeyRoomBytes >= kKeyBytesMax);
  const size_t bytes = KeyBytes(key);
  for (size_t i = 0; i < bytes; i += kBlock) std::memset(to + i, '0', kBlock);
  char* digit = to + bytes;
  while (key >= 10) {
    digit -= 2;
    std::memcpy(digit, &kTwoDigits[key % 100 * 2], 2);
    key /= 100;
  }
  if (key != 0) digit[-1] = static_cast<char>('0' + key);
}

std::span<const std::byte> Workload::Value(uint32_t key, size_t bytes) {
  EBBRT_DCHECK(bytes <= kValueBytesMax);
  // Values of two keys, or of two sizes of one, stand in different places, but
  // for one case in 2^16: a wrong, a cut or a mixed value is found.
  uint64_t place = (key * 0x9e3779b97f4a7c15u + bytes) * 0xd6e8feb86659fd93u;
  return {ValueBlock() + (place >> (64 - kValuePlacesBits)), bytes};
}

uint32_t Workload::DrawValueBytes(Random& random) const {
  double size = settings_.value_bytes.Draw(random);
  return static_cast<uint32_t>(
      std::clamp<double>(std::round(size), 0, kValueBytesMax));
}

}  // namespace ebbrt::loadgen
