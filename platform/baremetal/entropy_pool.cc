#include "platform/baremetal/entropy_pool.h"

#include <bit>

#include "platform/baremetal/cpu/instructions.h"

namespace ebbrt::platform::machine {
namespace {

void QuarterRound(uint32_t& a, uint32_t& b, uint32_t& c, uint32_t& d) {
  a += b;
  d = std::rotl(d ^ a, 16);
  c += d;
  b = std::rotl(b ^ c, 12);
  a += b;
  d = std::rotl(d ^ a, 8);
  c += d;
  b = std::rotl(b ^ c, 7);
}

}  // namespace

void EntropyPool::MakeBlock(uint32_t number,
                            uint32_t (&block)[kBlockWords]) const {
  constexpr int kDoubleRounds = 10;
  const uint32_t begin[kBlockWords] = {
      0x61707865, 0x3320646e, 0x79622d32, 0x6b206574,  // "expand 32-byte k"
      key_[0],    key_[1],    key_[2],    key_[3],
      key_[4],    key_[5],    key_[6],    key_[7],
      number,     0,          0,          0};
  CopyBytes(block, begin, sizeof(begin));
  for (int i = 0; i < kDoubleRounds; ++i) {
    for (int j = 0; j < 4; ++j) {
      QuarterRound(block[j], block[4 + j], block[8 + j], block[12 + j]);
    }
    for (int j = 0; j < 4; ++j) {
      QuarterRound(block[j], block[4 + (j + 1) % 4], block[8 + (j + 2) % 4],
                   block[12 + (j + 3) % 4]);
    }
  }
  for (size_t i = 0; i < kBlockWords; ++i) block[i] += begin[i];
}

void EntropyPool::SetKey(const uint32_t* words) {
  CopyBytes(key_, words, sizeof(key_));
}

void EntropyPool::Add(const void* bytes, size_t count) {
  auto* from = static_cast<const char*>(bytes);
  while (count > 0) {
    uint32_t part[kKeyWords] = {};
    const size_t part_bytes = count < sizeof(part) ? count : sizeof(part);
    CopyBytes(part, from, part_bytes);
    for (size_t i = 0; i < kKeyWords; ++i) key_[i] ^= part[i];
    uint32_t block[kBlockWords];
    MakeBlock(0, block);
    SetKey(block);
    from += part_bytes;
    count -= part_bytes;
  }
}

void EntropyPool::Fill(void* bytes, size_t count) {
  auto* to = static_cast<char*>(bytes);
  uint32_t next_key[kBlockWords];
  MakeBlock(0, next_key);
  for (uint32_t number = 1; count > 0; ++number) {
    uint32_t block[kBlockWords];
    MakeBlock(number, block);
    const size_t part_bytes = count < sizeof(block) ? count : sizeof(block);
    CopyBytes(to, block, part_bytes);
    to += part_bytes;
    count -= part_bytes;
  }
  SetKey(next_key);
}

}  // namespace ebbrt::platform::machine
