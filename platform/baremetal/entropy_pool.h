// A pool of entropy: bytes that nobody can predict come out once some have come
// in, and what has come out tells nothing of what comes next or came before.
//
// Cores: one at a time. Blocks, allocates: no. Errors: none.
// Source: RFC 8439, section 2.3 (the block function, here with a nonce of
// zero); D. J. Bernstein, "Fast-key-erasure random-number generators" (2017).
#ifndef EBBRT_PLATFORM_BAREMETAL_ENTROPY_POOL_H_
#define EBBRT_PLATFORM_BAREMETAL_ENTROPY_POOL_H_

#include <cstddef>
#include <cstdint>

namespace ebbrt::platform::machine {

class EntropyPool {
 public:
  // Of any quality: it cannot make the pool worse.
  void Add(const void* bytes, size_t count);
  void Fill(void* bytes, size_t count);

 private:
  static constexpr size_t kKeyWords = 8;
  static constexpr size_t kBlockWords = 16;

  void MakeBlock(uint32_t number, uint32_t (&block)[kBlockWords]) const;
  void SetKey(const uint32_t* words);

  uint32_t key_[kKeyWords] = {};
};

}  // namespace ebbrt::platform::machine

#endif  // EBBRT_PLATFORM_BAREMETAL_ENTROPY_POOL_H_
